package org.consilium.site.protect;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.consilium.security.fixed.ExactQuantiser;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.Quantiser.Run;
import org.consilium.security.fixed.RoundingStream;
import org.consilium.security.mask.Masks;

/** One thread's block of the vector in whole numbers of the study's ring. */
sealed interface FixedBlock {
  /**
   * For a study's terms.
   *
   * @param rounding words of stochastic rounding, used in 32 bits
   * @param values most at a time
   */
  static FixedBlock of(FixedTerms terms, RoundingStream rounding, int values) {
    return switch (terms.ring()) {
      case BITS_32 -> new Narrow(new Quantiser(terms, rounding), new int[values]);
      case BITS_64 -> new Wide(new ExactQuantiser(terms), new long[values]);
    };
  }

  /** Quantises a run of {@code delta} into the same places; returns how many were clipped. */
  int quantise(Run run, float[] delta, int at) throws NotFinite;

  /** Puts a value that is none of the delta's. */
  void put(int at, int value);

  /** Hides the first {@code length} values, whose first has the place {@code first}. */
  void hide(Masks masks, int length, long first);

  /** Writes the first values little-endian; returns how many bytes. */
  int write(int length, byte[] out);

  /** Modulo 2^32. */
  @SuppressWarnings("ArrayRecordComponent") // a buffer, never compared
  record Narrow(Quantiser quantiser, int[] integers) implements FixedBlock {
    @Override
    public int quantise(Run run, float[] delta, int at) throws NotFinite {
      return quantiser.quantise(run, delta, at, integers, at);
    }

    @Override
    public void put(int at, int value) {
      integers[at] = value;
    }

    @Override
    public void hide(Masks masks, int length, long first) {
      masks.addTo(integers, 0, length, first);
    }

    @Override
    public int write(int length, byte[] out) {
      ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(integers, 0, length);
      return length * Integer.BYTES;
    }
  }

  /** Modulo 2^64. */
  @SuppressWarnings("ArrayRecordComponent") // a buffer, never compared
  record Wide(ExactQuantiser quantiser, long[] integers) implements FixedBlock {
    @Override
    public int quantise(Run run, float[] delta, int at) throws NotFinite {
      return quantiser.quantise(run, delta, at, integers, at);
    }

    @Override
    public void put(int at, int value) {
      integers[at] = value;
    }

    @Override
    public void hide(Masks masks, int length, long first) {
      masks.addTo(integers, 0, length, first);
    }

    @Override
    public int write(int length, byte[] out) {
      ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(integers, 0, length);
      return length * Long.BYTES;
    }
  }
}
