package org.consilium.models.params;

import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_HEADER_START;
import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_METADATA;
import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_OFFSETS;
import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_SHAPE;
import static org.consilium.models.params.MalformedSafetensors.Reason.DUPLICATE_FIELD;
import static org.consilium.models.params.MalformedSafetensors.Reason.DUPLICATE_KEY;
import static org.consilium.models.params.MalformedSafetensors.Reason.HEADER_LENGTH_BEYOND_FILE;
import static org.consilium.models.params.MalformedSafetensors.Reason.HEADER_TOO_LARGE;
import static org.consilium.models.params.MalformedSafetensors.Reason.HEADER_TOO_SMALL;
import static org.consilium.models.params.MalformedSafetensors.Reason.HOLE;
import static org.consilium.models.params.MalformedSafetensors.Reason.MISSING_FIELD;
import static org.consilium.models.params.MalformedSafetensors.Reason.OFFSET_BEYOND_DATA;
import static org.consilium.models.params.MalformedSafetensors.Reason.OVERLAP;
import static org.consilium.models.params.MalformedSafetensors.Reason.SHAPE_OVERFLOW;
import static org.consilium.models.params.MalformedSafetensors.Reason.SIZE_MISMATCH;
import static org.consilium.models.params.MalformedSafetensors.Reason.TOO_MANY_TENSORS;
import static org.consilium.models.params.MalformedSafetensors.Reason.TRAILING_BYTES;
import static org.consilium.models.params.MalformedSafetensors.Reason.UNKNOWN_DTYPE;
import static org.consilium.models.params.MalformedSafetensors.Reason.UNKNOWN_FIELD;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.consilium.protocol.Limits;
import org.jspecify.annotations.Nullable;

/**
 * The table of contents of a safetensors file, checked against the file's length: what the format
 * allows, whether or not a model of ours can use it.
 *
 * @param tensors in offset order
 * @param metadata free text of the writer; untrusted
 * @param dataStart position of the first value in the file
 */
record SafetensorsHeader(List<Entry> tensors, Map<String, String> metadata, long dataStart) {
  /** The format's own bound. */
  static final long HEADER_BYTES_MAX = 100_000_000;

  private static final int RANK_MAX = 8;
  private static final int LENGTH_BYTES = 8;
  private static final int NESTING_MAX = 8;

  /** One tensor; {@code begin} and {@code end} are bytes from {@code dataStart}. */
  record Entry(String name, Dtype dtype, List<Long> shape, long begin, long end) {
    Entry {
      shape = List.copyOf(shape);
    }

    /** The name, safe to print. */
    String printable() {
      return Limits.printable(name);
    }
  }

  /** Bytes at a place: a file, or an array in a test. Fills the whole buffer or throws. */
  interface Bytes {
    void read(ByteBuffer into, long position) throws IOException;
  }

  SafetensorsHeader {
    tensors = List.copyOf(tensors);
    metadata = Map.copyOf(metadata);
  }

  /**
   * Reads and checks the header of a file of {@code fileLength} bytes.
   *
   * @throws MalformedSafetensors if a rule of the format is broken
   */
  static SafetensorsHeader read(Bytes file, long fileLength) throws IOException {
    if (fileLength < LENGTH_BYTES) {
      throw new MalformedSafetensors(
          HEADER_TOO_SMALL, "file of %d bytes, at least 8 needed".formatted(fileLength));
    }
    ByteBuffer prefix = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    file.read(prefix, 0);
    long length = prefix.getLong(0);
    if (length < 0 || length > HEADER_BYTES_MAX) {
      throw new MalformedSafetensors(
          HEADER_TOO_LARGE,
          "header of %s bytes, at most %d"
              .formatted(Long.toUnsignedString(length), HEADER_BYTES_MAX));
    }
    if (length > fileLength - LENGTH_BYTES) {
      throw new MalformedSafetensors(
          HEADER_LENGTH_BEYOND_FILE,
          "header of %d bytes in a file of %d bytes".formatted(length, fileLength));
    }
    byte[] json = new byte[(int) length];
    file.read(ByteBuffer.wrap(json), LENGTH_BYTES);
    return parse(json, fileLength - LENGTH_BYTES - length);
  }

  private static SafetensorsHeader parse(byte[] json, long dataLength) throws MalformedSafetensors {
    JsonCursor cursor = new JsonCursor(json);
    if (json.length > 0 && json[0] != '{' && json[0] != '[') {
      throw new MalformedSafetensors(
          BAD_HEADER_START, "the header begins with byte 0x%02x, not '{'".formatted(json[0]));
    }
    cursor.expect('{');
    Set<String> names = new HashSet<>();
    List<Entry> entries = new ArrayList<>();
    Map<String, String> metadata = new TreeMap<>();
    if (!cursor.skip('}')) {
      do {
        String name = cursor.string();
        cursor.expect(':');
        if (!names.add(name)) {
          throw new MalformedSafetensors(DUPLICATE_KEY, "tensor " + Limits.printable(name));
        }
        if (name.equals("__metadata__")) {
          readMetadata(cursor, metadata);
        } else if (entries.size() == Limits.TENSORS_MAX) {
          throw new MalformedSafetensors(
              TOO_MANY_TENSORS, "more than %d tensors".formatted(Limits.TENSORS_MAX));
        } else {
          entries.add(readEntry(cursor, name));
        }
      } while (cursor.another('}'));
    }
    cursor.end();
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    checkCover(entries, dataLength);
    return new SafetensorsHeader(entries, metadata, LENGTH_BYTES + (long) json.length);
  }

  private static void readMetadata(JsonCursor cursor, Map<String, String> metadata)
      throws MalformedSafetensors {
    if (!cursor.skip('{')) {
      throw new MalformedSafetensors(BAD_METADATA, "__metadata__ is not an object");
    }
    if (cursor.skip('}')) {
      return;
    }
    do {
      String key = cursor.string();
      cursor.expect(':');
      if (cursor.peek() != '"') {
        throw new MalformedSafetensors(
            BAD_METADATA, "the value of %s is not a string".formatted(Limits.printable(key)));
      }
      if (metadata.put(key, cursor.string()) != null) {
        throw new MalformedSafetensors(DUPLICATE_KEY, "metadata " + Limits.printable(key));
      }
    } while (cursor.another('}'));
  }

  private static Entry readEntry(JsonCursor cursor, String name) throws MalformedSafetensors {
    String who = Limits.printable(name);
    if (!cursor.skip('{')) {
      if (cursor.nesting() > NESTING_MAX) {
        throw cursor.bad("tensor %s is nested too deep".formatted(who));
      }
      throw new MalformedSafetensors(MISSING_FIELD, "tensor %s is not an object".formatted(who));
    }
    @Nullable Dtype dtype = null;
    @Nullable List<Long> shape = null;
    long @Nullable [] range = null;
    Map<String, Boolean> seen = new HashMap<>();
    if (!cursor.skip('}')) {
      do {
        String field = cursor.string();
        cursor.expect(':');
        if (seen.put(field, true) != null) {
          throw new MalformedSafetensors(
              DUPLICATE_FIELD, "%s of tensor %s".formatted(Limits.printable(field), who));
        }
        switch (field) {
          case "dtype" -> dtype = readDtype(cursor, who);
          case "shape" -> shape = readShape(cursor, who);
          case "data_offsets" -> range = readRange(cursor, who);
          default ->
              throw new MalformedSafetensors(
                  UNKNOWN_FIELD, "%s of tensor %s".formatted(Limits.printable(field), who));
        }
      } while (cursor.another('}'));
    }
    if (dtype == null || shape == null || range == null) {
      throw new MalformedSafetensors(
          MISSING_FIELD,
          "tensor %s has only %s".formatted(who, seen.keySet().stream().sorted().toList()));
    }
    Entry entry = new Entry(name, dtype, shape, range[0], range[1]);
    checkSize(entry);
    return entry;
  }

  private static Dtype readDtype(JsonCursor cursor, String who) throws MalformedSafetensors {
    if (cursor.peek() != '"') {
      throw new MalformedSafetensors(UNKNOWN_DTYPE, "the type of %s is no string".formatted(who));
    }
    String name = cursor.string();
    return Dtype.named(name)
        .orElseThrow(
            () ->
                new MalformedSafetensors(
                    UNKNOWN_DTYPE, "type %s of tensor %s".formatted(Limits.printable(name), who)));
  }

  private static List<Long> readShape(JsonCursor cursor, String who) throws MalformedSafetensors {
    List<Long> shape = new ArrayList<>();
    if (!cursor.skip('[')) {
      throw new MalformedSafetensors(BAD_SHAPE, "the shape of %s is not a list".formatted(who));
    }
    if (cursor.skip(']')) {
      return shape;
    }
    do {
      long dimension = cursor.natural();
      if (dimension < 0 || shape.size() == RANK_MAX) {
        throw new MalformedSafetensors(
            BAD_SHAPE,
            "dimension %d of tensor %s: at most %d whole numbers from 0 on"
                .formatted(shape.size() + 1, who, RANK_MAX));
      }
      shape.add(dimension);
    } while (cursor.another(']'));
    return shape;
  }

  private static long[] readRange(JsonCursor cursor, String who) throws MalformedSafetensors {
    long[] range = new long[2];
    int count = 0;
    if (!cursor.skip('[')) {
      throw new MalformedSafetensors(BAD_OFFSETS, "offsets of %s are not a list".formatted(who));
    }
    do {
      long value = count < 2 ? cursor.natural() : -1;
      if (value == JsonCursor.OVER_63_BITS) {
        throw new MalformedSafetensors(
            OFFSET_BEYOND_DATA, "tensor %s: 2^63 or more".formatted(who));
      }
      if (value < 0) {
        throw new MalformedSafetensors(
            BAD_OFFSETS, "tensor %s: two whole numbers 0 to 2^63 - 1 needed".formatted(who));
      }
      range[count++] = value;
    } while (cursor.another(']'));
    if (count != 2 || range[0] > range[1]) {
      throw new MalformedSafetensors(
          BAD_OFFSETS,
          "tensor %s: %s".formatted(who, Arrays.toString(Arrays.copyOf(range, count))));
    }
    return range;
  }

  private static void checkSize(Entry entry) throws MalformedSafetensors {
    long bytes = entry.dtype().bytes();
    boolean empty = entry.shape().contains(0L);
    try {
      for (long dimension : entry.shape()) {
        bytes = empty ? 0 : Math.multiplyExact(bytes, dimension);
      }
    } catch (ArithmeticException overflow) {
      throw new MalformedSafetensors(
          SHAPE_OVERFLOW, "tensor %s of shape %s".formatted(entry.printable(), entry.shape()));
    }
    if (bytes != entry.end() - entry.begin()) {
      throw new MalformedSafetensors(
          SIZE_MISMATCH,
          "tensor %s: %s %s needs %d bytes, its offsets span %d"
              .formatted(
                  entry.printable(),
                  entry.dtype(),
                  entry.shape(),
                  bytes,
                  entry.end() - entry.begin()));
    }
  }

  private static void checkCover(List<Entry> entries, long dataLength) throws MalformedSafetensors {
    long covered = 0;
    for (Entry entry : entries) {
      if (entry.end() > dataLength) {
        throw new MalformedSafetensors(
            OFFSET_BEYOND_DATA,
            "tensor %s ends at byte %d of %d"
                .formatted(entry.printable(), entry.end(), dataLength));
      }
      if (entry.begin() != covered) {
        throw new MalformedSafetensors(
            entry.begin() < covered ? OVERLAP : HOLE,
            "tensor %s begins at byte %d, the one before ends at %d"
                .formatted(entry.printable(), entry.begin(), covered));
      }
      covered = entry.end();
    }
    if (covered != dataLength) {
      throw new MalformedSafetensors(
          TRAILING_BYTES, "the tensors cover %d of %d bytes".formatted(covered, dataLength));
    }
  }
}
