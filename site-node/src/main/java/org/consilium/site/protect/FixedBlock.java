package org.consilium.site.protect;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.consilium.protocol.Encoding;
import org.consilium.security.fixed.CoarseQuantiser;
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

  /** Whole numbers of few digits on the grid of 32 bits, little-endian in as few bytes. */
  static Coarse coarse(FixedTerms terms, Encoding encoding, int values) {
    return new Coarse(
        new CoarseQuantiser(terms, encoding.digits()), encoding.bytes(), new int[values]);
  }

  /**
   * Quantises a run of {@code delta} into the same places; returns how many were clipped. A coarse
   * block leaves in {@code delta} what is left over.
   *
   * @param shift s of the tensor, 0 but in a coarse block
   */
  default int quantise(Run run, int shift, float[] delta, int at) throws NotFinite {
    return quantise(run, delta, at);
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

  /** Values without the weight, each times a power of two of its tensor. */
  @SuppressWarnings("ArrayRecordComponent") // a buffer, never compared
  record Coarse(CoarseQuantiser quantiser, int bytes, int[] integers) implements FixedBlock {
    @Override
    public int quantise(Run run, int shift, float[] delta, int at) throws NotFinite {
      return quantiser.quantise(run, shift, delta, at, integers, at);
    }

    @Override
    public int quantise(Run run, float[] delta, int at) throws NotFinite {
      return quantise(run, 0, delta, at);
    }

    /** The weight fits; a count that does not is the largest that does. */
    @Override
    public void put(int at, int value) {
      integers[at] = Math.min(value, (1 << (bytes * Byte.SIZE - 1)) - 1);
    }

    @Override
    public void hide(Masks masks, int length, long first) {
      throw new IllegalStateException("protect: a mask hides all bits of the ring");
    }

    @Override
    public int write(int length, byte[] out) {
      if (bytes == Byte.BYTES) {
        for (int i = 0; i < length; i++) {
          out[i] = (byte) integers[i];
        }
      } else {
        var shorts = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
        for (int i = 0; i < length; i++) {
          shorts.put(i, (short) integers[i]);
        }
      }
      return length * bytes;
    }
  }
}
