package org.consilium.sim.virtual.disk;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file or a folder, as the process sees it and as the platter has it. */
sealed interface Node {
  /** The power goes: what was not forced may be there, be gone, or be there in part. */
  void losePower(SplittableRandom chance);

  /** A file's bytes. */
  final class File implements Node {
    private static final byte[] NOTHING = {};

    private byte[] bytes = NOTHING;
    private int size;
    private byte[] kept = NOTHING;
    private boolean dirty;

    /** A force failed: the pages count as clean, and are not on the platter. */
    private boolean dropped;

    /** Bytes from the start that were written again since then: those pages are dirty once more. */
    private int anew;

    int size() {
      return size;
    }

    byte at(int index) {
      return bytes[index];
    }

    void read(int position, byte[] into, int offset, int length) {
      System.arraycopy(bytes, position, into, offset, length);
    }

    void write(int position, byte[] from, int length) {
      int end = position + length;
      if (end > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
      }
      System.arraycopy(from, 0, bytes, position, length);
      size = Math.max(size, end);
      dirty = true;
      anew = position <= anew ? Math.max(anew, end) : anew;
      dropped &= anew < size;
    }

    void truncate(int length) {
      if (length < size) {
        Arrays.fill(bytes, length, size, (byte) 0);
        size = length;
        dirty = true;
        dropped &= length > 0; // all of it will be written anew
      }
    }

    void force() {
      if (dropped) {
        dirty = false; // what was dropped stays lost until all of it is written anew
      } else if (dirty) {
        kept = Arrays.copyOf(bytes, size);
        dirty = false;
      }
    }

    /** What a kernel does after a write error: the pages are marked clean, the error told once. */
    void forceFails() {
      anew = dirty ? 0 : anew;
      dropped |= dirty;
      dirty = false;
    }

    /** One bit changes, in memory and on the platter. */
    void flip(int bit) {
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      if (bit / 8 < kept.length) {
        kept[bit / 8] ^= (byte) (1 << (bit % 8));
      }
    }

    /** Whether the loss of power would change nothing. */
    boolean durable() {
      return !dirty && !dropped;
    }

    @Override
    public void losePower(SplittableRandom chance) {
      if (dirty || dropped) {
        byte[] left =
            switch (dropped ? 0 : chance.nextInt(3)) {
              case 0 -> kept;
              case 1 -> Arrays.copyOf(bytes, size);
              default -> torn(chance);
            };
        kept = left;
        bytes = left.clone();
        size = left.length;
        dirty = false;
        dropped = false;
      }
    }

    /** The beginning of what was written, then what was there before, or zeros. */
    private byte[] torn(SplittableRandom chance) {
      int cut = chance.nextInt(size + 1);
      byte[] left = Arrays.copyOf(bytes, Math.max(cut, Math.min(size, kept.length)));
      if (kept.length > cut) {
        System.arraycopy(kept, cut, left, cut, Math.min(kept.length, left.length) - cut);
      }
      return left;
    }
  }

  /** A folder's names. */
  final class Folder implements Node {
    private final TreeMap<String, Node> names = new TreeMap<>();
    private final List<List<Change>> unforced = new ArrayList<>();

    /** A name that was given or taken; absent nodes are none. */
    record Change(String name, @Nullable Node before) {}

    Map<String, Node> names() {
      return names;
    }

    /** Changes names as one step: after a crash all of it is so, or none. */
    void change(List<Change> after) {
      List<Change> undo = new ArrayList<>();
      for (Change change : after) {
        undo.add(new Change(change.name(), names.get(change.name())));
        set(change);
      }
      unforced.add(undo);
    }

    private void set(Change change) {
      Node node = change.before();
      if (node == null) {
        Node _ = names.remove(change.name());
      } else {
        Node _ = names.put(change.name(), node);
      }
    }

    void force() {
      unforced.clear();
    }

    /** Whether a name would stand for the same after the loss of power. */
    boolean durable(String name) {
      return unforced.stream().flatMap(List::stream).noneMatch(c -> c.name().equals(name));
    }

    @Override
    public void losePower(SplittableRandom chance) {
      if (!unforced.isEmpty()) {
        int left = chance.nextInt(unforced.size() + 1);
        while (unforced.size() > left) {
          unforced.removeLast().reversed().forEach(this::set);
        }
        unforced.clear();
      }
      names.values().forEach(node -> node.losePower(chance));
    }
  }
}
