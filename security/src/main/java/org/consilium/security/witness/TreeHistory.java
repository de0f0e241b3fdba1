package org.consilium.security.witness;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.consilium.security.audit.MerkleFrontier;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;

/**
 * The Merkle tree of a growing log, able to give its root at every size it ever had and to prove
 * that one continues another. Keeps the nodes over whole {@value #TILE} leaves, a few hundred bytes
 * for a thousand entries, and asks for single leaves only where a proof cuts through such a tile.
 * Safe for use by many threads.
 */
public final class TreeHistory {
  /** Leaves under one kept node of the lowest level. */
  static final int TILE = 256;

  private final Leaves leaves;
  private final List<List<Fingerprint>> levels = new ArrayList<>();
  private final MerkleFrontier all = MerkleFrontier.empty();
  private MerkleFrontier tile = MerkleFrontier.empty();

  /** Where single leaves are read again. */
  @FunctionalInterface
  public interface Leaves {
    /**
     * Leaves {@code from} (from 0) to {@code to} (not included), in order.
     *
     * @throws IOException if they cannot be read
     */
    List<Fingerprint> read(long from, long to) throws IOException;
  }

  /** An empty tree whose leaves are, or will be, in {@code leaves}. */
  public TreeHistory(Leaves leaves) {
    this.leaves = leaves;
  }

  /** Appends a leaf. */
  public synchronized void add(Fingerprint leaf) {
    all.add(leaf);
    tile.add(leaf);
    if (tile.size() == TILE) {
      put(0, tile.head().root());
      tile = MerkleFrontier.empty();
    }
  }

  /** Leaves so far. */
  public synchronized long size() {
    return all.size();
  }

  /** Size and root as of now. */
  public synchronized Head head() {
    return all.head();
  }

  /**
   * Size and root as of the first {@code size} leaves.
   *
   * @throws IllegalArgumentException if there were never so many
   */
  public synchronized Head head(long size) throws IOException {
    check(0, size, size());
    return size == 0 ? MerkleFrontier.empty().head() : new Head(size, root(0, size));
  }

  /**
   * The proof that the first {@code now} leaves continue the first {@code old} (RFC 9162 section
   * 2.1.4.1); {@link MerkleTree#continues} checks it.
   */
  public synchronized List<Fingerprint> consistency(long old, long now) throws IOException {
    check(old, now, size());
    if (old == 0) {
      return List.of();
    }
    List<Fingerprint> path = new ArrayList<>();
    long from = 0;
    long to = now;
    boolean whole = true; // whether the old leaves of this part are the whole old tree
    while (old < to) {
      long split = from + split(to - from);
      if (old <= split) {
        path.add(root(split, to));
        to = split;
      } else {
        path.add(root(from, split));
        from = split;
        whole = false;
      }
    }
    if (!whole) {
      path.add(root(from, to));
    }
    return List.copyOf(path.reversed());
  }

  private void put(int level, Fingerprint node) {
    if (levels.size() == level) {
      levels.add(new ArrayList<>());
    }
    List<Fingerprint> row = levels.get(level);
    row.add(node);
    if (row.size() % 2 == 0) {
      put(level + 1, MerkleTree.node(row.get(row.size() - 2), node));
    }
  }

  /** Root over leaves {@code from} to {@code to}, which a tree of RFC 9162 has a node for. */
  private Fingerprint root(long from, long to) throws IOException {
    long length = to - from;
    if (length >= TILE && Long.bitCount(length) == 1 && from % length == 0) {
      int level = Long.numberOfTrailingZeros(length / TILE);
      return levels.get(level).get(Math.toIntExact(from / length));
    }
    if (length > TILE) {
      long split = from + split(length);
      return MerkleTree.node(root(from, split), root(split, to));
    }
    List<Fingerprint> some = leaves.read(from, to);
    if (some.size() != length) {
      throw new IOException(
          "read leaves %d to %d of the audit log: got %d".formatted(from, to, some.size()));
    }
    return MerkleTree.head(some).root();
  }

  /** The largest power of two below {@code length}, which is at least 2. */
  private static long split(long length) {
    return Long.highestOneBit(length - 1);
  }

  private static void check(long old, long now, long size) {
    if (old < 0 || old > now || now > size) {
      throw new IllegalArgumentException(
          "audit log of %d entries: from %d to %d".formatted(size, old, now));
    }
  }
}
