package org.consilium.security.audit;

import java.util.ArrayList;
import java.util.List;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;

/**
 * The head of a growing log without its leaves: the roots of the perfect trees that its leaves
 * form, one for each one in the binary size, largest first. Adding a leaf hashes twice on average.
 * One thread at a time.
 */
public final class MerkleFrontier {
  private final List<Fingerprint> peaks;
  private long size;

  private MerkleFrontier(long size, List<Fingerprint> peaks) {
    this.size = size;
    this.peaks = new ArrayList<>(peaks);
  }

  /** Of a log without entries. */
  public static MerkleFrontier empty() {
    return new MerkleFrontier(0, List.of());
  }

  /**
   * Goes on from what {@link #size} and {@link #peaks} were.
   *
   * @throws IllegalArgumentException if their number does not fit the size
   */
  public static MerkleFrontier of(long size, List<Fingerprint> peaks) {
    if (size < 0 || Long.bitCount(size) != peaks.size()) {
      throw new IllegalArgumentException(
          "Merkle frontier: %d peaks for %d leaves".formatted(peaks.size(), size));
    }
    return new MerkleFrontier(size, peaks);
  }

  /** Appends a leaf, {@link MerkleTree#leaf}. */
  public void add(Fingerprint leaf) {
    Fingerprint hash = leaf;
    for (long carry = size; (carry & 1) == 1; carry >>= 1) {
      hash = MerkleTree.node(peaks.removeLast(), hash);
    }
    peaks.add(hash);
    size++;
  }

  /** Leaves so far. */
  public long size() {
    return size;
  }

  /** What has to be kept beside the size, at most 63 hashes; a copy. */
  public List<Fingerprint> peaks() {
    return List.copyOf(peaks);
  }

  /** Size and root as of now. */
  public Head head() {
    if (peaks.isEmpty()) {
      return new Head(0, MerkleTree.emptyRoot());
    }
    Fingerprint root = peaks.getLast();
    for (int i = peaks.size() - 2; i >= 0; i--) {
      root = MerkleTree.node(peaks.get(i), root);
    }
    return new Head(size, root);
  }
}
