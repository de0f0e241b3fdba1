package org.consilium.sim.consortium;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Looks for many byte patterns at every offset of a file, in one pass whatever their number. */
final class ByteSearch {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int FILTER_BITS = 1 << 24;
  private static final int LENGTH_MIN = 24;
  private static final int DISTINCT_MIN = 6; // zeros and the like are everywhere

  private final BitSet filter = new BitSet(FILTER_BITS);
  private final Map<Long, List<Pattern>> byStart = new HashMap<>();

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Pattern(String what, byte[] bytes) {}

  /**
   * Adds a pattern, unless it is too plain to mean anything.
   *
   * @param what is reported if it is found
   * @return whether it will be looked for
   */
  boolean add(String what, byte[] pattern) {
    if (pattern.length < LENGTH_MIN) {
      throw new IllegalArgumentException(what + ": %d bytes".formatted(pattern.length));
    }
    if (distinct(pattern) < DISTINCT_MIN) {
      return false;
    }
    long start = MemorySegment.ofArray(pattern).get(LONG, 0);
    filter.set(bucket(start));
    byStart.computeIfAbsent(start, _ -> new ArrayList<>()).add(new Pattern(what, pattern.clone()));
    return true;
  }

  /** How often something of each name is in a file. */
  SortedMap<String, Integer> in(Path file) throws IOException {
    SortedMap<String, Integer> found = new TreeMap<>();
    try (FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofConfined()) {
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      for (long at = 0; at + LENGTH_MIN <= all.byteSize(); at++) {
        long start = all.get(LONG, at);
        if (filter.get(bucket(start))) {
          for (Pattern pattern : byStart.getOrDefault(start, List.of())) {
            if (matches(all, at, pattern.bytes)) {
              int _ = found.merge(pattern.what, 1, Integer::sum);
            }
          }
        }
      }
    }
    return found;
  }

  private static boolean matches(MemorySegment all, long at, byte[] bytes) {
    return at + bytes.length <= all.byteSize()
        && MemorySegment.mismatch(
                all, at, at + bytes.length, MemorySegment.ofArray(bytes), 0, bytes.length)
            < 0;
  }

  private static int bucket(long start) {
    return (int) ((start * 0x9e3779b97f4a7c15L) >>> 40);
  }

  private static int distinct(byte[] bytes) {
    boolean[] seen = new boolean[256];
    for (byte b : bytes) {
      seen[b & 0xff] = true;
    }
    int count = 0;
    for (boolean one : seen) {
      count += one ? 1 : 0;
    }
    return count;
  }
}
