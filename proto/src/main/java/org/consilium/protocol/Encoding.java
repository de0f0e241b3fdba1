package org.consilium.protocol;

import java.util.Locale;

/**
 * How many bytes each value of a sealed update takes on the wire. The narrow ones are coarser: a
 * value is q · 2^s with s chosen for each tensor by the site, and what rounding leaves is added to
 * the site's next delta (error feedback: Seide et al. 2014, Karimireddy et al. 2019).
 */
public enum Encoding {
  /** All bits of the fixed point, 4 bytes. */
  FULL(Integer.BYTES, 30),
  /** |q| ≤ 32767, 2 bytes: finer than the 8 significant bits of bfloat16. */
  INT16(Short.BYTES, 15),
  /** |q| ≤ 127, 1 byte. */
  INT8(Byte.BYTES, 7);

  private final int bytes;
  private final int digits;

  Encoding(int bytes, int digits) {
    this.bytes = bytes;
    this.digits = digits;
  }

  /** The encoding of this word. */
  public static Encoding of(String word) {
    for (Encoding each : values()) {
      if (each.word().equals(word)) {
        return each;
      }
    }
    throw new IllegalArgumentException("encoding must be full, int16 or int8, got " + word);
  }

  /** As study files say it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of one value. */
  public int bytes() {
    return bytes;
  }

  /** Binary digits of q beside its sign. */
  public int digits() {
    return digits;
  }

  /** Whether there is less than the fixed point has. */
  public boolean narrow() {
    return this != FULL;
  }
}
