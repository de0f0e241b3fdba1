package org.consilium.models.data;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of one NumPy {@code .npy} array, versions 1 to 3, C order, no pickled objects.
 *
 * @param type how a value is stored
 * @param headerBytes bytes before the first value
 */
record NpyArray(Type type, List<Integer> shape, int headerBytes) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int HEADER_BYTES_MAX = 4_096;
  private static final int RANK_MAX = 4;
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{'descr': '(?<descr>[^']{1,20})', 'fortran_order': (?<fortran>True|False),"
              + " 'shape': \\((?<shape>[0-9, ]{0,60})\\),? ?\\}[ ]*\\n?");

  /** The stored types that are read. */
  enum Type {
    U1("|u1", 1),
    I1("|i1", 1),
    I2("<i2", 2),
    I8("<i8", 8),
    F4("<f4", 4);

    private final String descr;
    private final int bytes;

    Type(String descr, int bytes) {
      this.descr = descr;
      this.bytes = bytes;
    }

    int bytes() {
      return bytes;
    }
  }

  NpyArray {
    shape = List.copyOf(shape);
  }

  /** Number of values. */
  long length() {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }

  /** Bytes of all values. */
  long dataBytes() {
    return Math.multiplyExact(length(), (long) type.bytes());
  }

  static NpyArray readHeader(DataInputStream in, Path file, String key) throws IOException {
    byte[] start = in.readNBytes(8);
    boolean magic = start.length == 8;
    for (int i = 0; magic && i < MAGIC.length; i++) {
      magic = start[i] == MAGIC[i];
    }
    if (!magic || start[6] < 1 || start[6] > 3) {
      throw new MalformedData(file, "no NumPy array of version 1-3", key);
    }
    boolean shortLength = start[6] == 1;
    byte[] lengthBytes = in.readNBytes(shortLength ? 2 : 4);
    long length = 0;
    for (int i = lengthBytes.length - 1; i >= 0; i--) {
      length = length << 8 | (lengthBytes[i] & 0xff);
    }
    if (length < 1 || length > HEADER_BYTES_MAX) {
      throw new MalformedData(
          file,
          "array header too long",
          "%s: %d bytes, at most %d".formatted(key, length, HEADER_BYTES_MAX));
    }
    byte[] text = in.readNBytes((int) length);
    Matcher header = HEADER.matcher(new String(text, StandardCharsets.ISO_8859_1));
    if (text.length != length || !header.matches()) {
      throw new MalformedData(file, "array header is not one that NumPy writes", key);
    }
    if (header.group("fortran").equals("True")) {
      throw new MalformedData(file, "array is in Fortran order", key);
    }
    return new NpyArray(
        type(header.group("descr"), file, key),
        shape(header.group("shape"), file, key),
        8 + lengthBytes.length + text.length);
  }

  private static Type type(String descr, Path file, String key) throws MalformedData {
    for (Type type : Type.values()) {
      if (type.descr.equals(descr)) {
        return type;
      }
    }
    String printable = org.consilium.protocol.Limits.printable(descr);
    throw new MalformedData(
        file, "array type is not u1, i1, i2, i8 or f4", "%s is %s".formatted(key, printable));
  }

  private static List<Integer> shape(String text, Path file, String key) throws MalformedData {
    List<Integer> shape = new ArrayList<>();
    try {
      for (String dimension : text.split(",", -1)) {
        if (!dimension.isBlank()) {
          shape.add(Integer.valueOf(dimension.strip()));
        }
      }
    } catch (NumberFormatException notWhole) {
      throw new MalformedData(file, "array shape", "%s has (%s)".formatted(key, text));
    }
    if (shape.isEmpty() || shape.size() > RANK_MAX || shape.contains(0)) {
      throw new MalformedData(
          file,
          "array shape",
          "%s has %s; 1-%d positive dimensions needed".formatted(key, shape, RANK_MAX));
    }
    return shape;
  }
}
