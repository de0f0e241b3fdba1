package org.consilium.security.audit;

import java.util.ArrayList;
import java.util.List;
import org.consilium.security.identity.Fingerprint;

/**
 * The Merkle tree over a log (RFC 6962 section 2.1, RFC 9162 section 2.1) with SHA-256: its root
 * commits to every entry and their order. A leaf is {@code SHA-256(0x00 ‖ entry)}, a node {@code
 * SHA-256(0x01 ‖ left ‖ right)}, and the left part has the largest power of two of leaves below the
 * whole. Checking a proof needs hashes only, never an entry.
 */
public final class MerkleTree {
  private static final byte[] LEAF = {0};
  private static final byte[] NODE = {1};

  private MerkleTree() {}

  /**
   * A tree's size and root: what a checkpoint says of a log.
   *
   * @param size leaves, at least 0
   * @param root without leaves, SHA-256 of nothing
   */
  public record Head(long size, Fingerprint root) {
    /** Refuses a negative size, and leaves without a root or a root without leaves. */
    public Head {
      if (size < 0 || (size == 0) != root.equals(emptyRoot())) {
        throw new IllegalArgumentException(
            "Merkle tree: root %s of %d leaves".formatted(root, size));
      }
    }
  }

  /** The leaf of an entry's canonical bytes. */
  public static Fingerprint leaf(byte[] entry) {
    return Fingerprint.sha256(LEAF, entry);
  }

  /** The head over leaves in their order; without leaves the root is SHA-256 of nothing. */
  public static Head head(List<Fingerprint> leaves) {
    return new Head(leaves.size(), leaves.isEmpty() ? emptyRoot() : root(leaves));
  }

  /**
   * The proof that a leaf is in the tree: the roots beside its path, lowest first. Hashes every
   * leaf once.
   *
   * @param index of the leaf, from 0
   */
  public static List<Fingerprint> inclusionProof(List<Fingerprint> leaves, int index) {
    if (index < 0 || index >= leaves.size()) {
      throw new IllegalArgumentException(
          "inclusion proof: leaf %d of %d".formatted(index, leaves.size()));
    }
    List<Fingerprint> path = new ArrayList<>();
    List<Fingerprint> part = leaves;
    int place = index;
    while (part.size() > 1) {
      int split = split(part.size());
      List<Fingerprint> left = part.subList(0, split);
      List<Fingerprint> right = part.subList(split, part.size());
      path.add(root(place < split ? right : left));
      part = place < split ? left : right;
      place = place < split ? place : place - split;
    }
    return List.copyOf(path.reversed());
  }

  /**
   * The proof that the tree continues that of its first {@code oldSize} leaves. Hashes every leaf
   * once.
   *
   * @param oldSize 0 to the number of leaves; the proof from 0 or from all is empty
   */
  public static List<Fingerprint> consistencyProof(List<Fingerprint> leaves, int oldSize) {
    if (oldSize < 0 || oldSize > leaves.size()) {
      throw new IllegalArgumentException(
          "consistency proof: from %d leaves to %d".formatted(oldSize, leaves.size()));
    }
    if (oldSize == 0) {
      return List.of();
    }
    List<Fingerprint> path = new ArrayList<>();
    List<Fingerprint> part = leaves;
    int old = oldSize;
    boolean known = true; // whether the old leaves of this part are the whole old tree
    while (old < part.size()) {
      int split = split(part.size());
      List<Fingerprint> left = part.subList(0, split);
      List<Fingerprint> right = part.subList(split, part.size());
      if (old <= split) {
        path.add(root(right));
        part = left;
      } else {
        path.add(root(left));
        part = right;
        old -= split;
        known = false;
      }
    }
    if (!known) {
      path.add(root(part));
    }
    return List.copyOf(path.reversed());
  }

  /**
   * Whether {@code path} proves the leaf to be at {@code index} of the tree (RFC 9162 section
   * 2.1.3.2). Pure; any list of hashes may be given.
   */
  public static boolean includes(Head head, long index, Fingerprint leaf, List<Fingerprint> path) {
    if (index < 0 || index >= head.size()) {
      return false;
    }
    long node = index; // place of the node in its level
    long last = head.size() - 1; // place of the level's last node
    Fingerprint hash = leaf;
    for (Fingerprint beside : path) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        hash = node(beside, hash);
        int lone = Long.numberOfTrailingZeros(node); // levels whose last node has no neighbour
        node >>= lone;
        last >>= lone;
      } else {
        hash = node(hash, beside);
      }
      node >>= 1;
      last >>= 1;
    }
    return last == 0 && hash.equals(head.root());
  }

  /**
   * Whether {@code path} proves that the tree of {@code now} begins with all leaves of {@code old}
   * (RFC 9162 section 2.1.4.2). Pure; any list of hashes may be given. Every tree continues the
   * empty one.
   */
  public static boolean continues(Head old, Head now, List<Fingerprint> path) {
    if (old.size() == 0 || old.size() == now.size()) {
      return path.isEmpty() && (old.size() == 0 || old.root().equals(now.root()));
    }
    if (old.size() > now.size() || path.isEmpty()) {
      return false;
    }
    int skipped = Long.numberOfTrailingZeros(old.size()); // levels that the old tree fills
    long node = (old.size() - 1) >> skipped;
    long last = (now.size() - 1) >> skipped;
    boolean perfect = node == 0; // then the old root itself is where the path starts
    Fingerprint oldHash = perfect ? old.root() : path.getFirst();
    Fingerprint newHash = oldHash;
    for (Fingerprint beside : perfect ? path : path.subList(1, path.size())) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        oldHash = node(beside, oldHash);
        newHash = node(beside, newHash);
        int lone = Long.numberOfTrailingZeros(node);
        node >>= lone;
        last >>= lone;
      } else {
        newHash = node(newHash, beside);
      }
      node >>= 1;
      last >>= 1;
    }
    return last == 0 && oldHash.equals(old.root()) && newHash.equals(now.root());
  }

  static Fingerprint emptyRoot() {
    return Fingerprint.sha256();
  }

  /** The node over two parts. */
  public static Fingerprint node(Fingerprint left, Fingerprint right) {
    return Fingerprint.sha256(NODE, left.bytes(), right.bytes());
  }

  private static Fingerprint root(List<Fingerprint> leaves) {
    MerkleFrontier frontier = MerkleFrontier.empty();
    leaves.forEach(frontier::add);
    return frontier.head().root();
  }

  /** The largest power of two below {@code size}, which is at least 2. */
  private static int split(int size) {
    return Integer.highestOneBit(size - 1);
  }
}
