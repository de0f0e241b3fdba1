package org.consilium.protocol;

import org.consilium.protocol.StudyPlan.Mode;

/**
 * Who can read a single site's delta, and what that allows. What needs to see single deltas is a
 * component of {@link Sealed} alone, so that it cannot be written together with {@link Masked}.
 */
public sealed interface Exposure {
  /** Its short name. */
  Mode mode();

  /** In which integers are added; a sealed study has no other than that of 32 bits. */
  default Ring ring() {
    return switch (this) {
      case Sealed _ -> Ring.BITS_32;
      case Masked(Ring ring) -> ring;
    };
  }

  /** How single deltas are combined; under masks none is seen, so there is no rule. */
  default Robust robustRule() {
    return switch (this) {
      case Sealed(Robust robust, _) -> robust;
      case Masked _ -> Robust.none();
    };
  }

  /** How values are written; under masks always in full, for a mask hides all bits of the ring. */
  default Encoding encoding() {
    return switch (this) {
      case Sealed(_, Encoding encoding) -> encoding;
      case Masked _ -> Encoding.FULL;
    };
  }

  /**
   * Encrypted to the study's aggregation key: the aggregator's operator can read it.
   *
   * @param robust how single deltas are combined
   * @param encoding how values are written
   */
  record Sealed(Robust robust, Encoding encoding) implements Exposure {
    /** Combined by the weighted mean. */
    public Sealed() {
      this(Robust.none());
    }

    /** In full. */
    public Sealed(Robust robust) {
      this(robust, Encoding.FULL);
    }

    @Override
    public Mode mode() {
      return Mode.SEALED;
    }
  }

  /**
   * Hidden by masks that cancel in the sum (protocol CSA1): the coordinator sees the sum alone.
   *
   * @param ring in which the masked integers are added
   */
  record Masked(Ring ring) implements Exposure {
    @Override
    public Mode mode() {
      return Mode.MASKED;
    }
  }

  /** Integers modulo a power of two. */
  enum Ring {
    /** 4 bytes a value, a scale for each tensor, stochastic rounding. */
    BITS_32(32),
    /** 8 bytes a value, one scale, exact to 2^-25. */
    BITS_64(64);

    private final int bits;

    Ring(int bits) {
      this.bits = bits;
    }

    /** The ring of so many bits. */
    public static Ring of(int bits) {
      for (Ring ring : values()) {
        if (ring.bits == bits) {
          return ring;
        }
      }
      throw new IllegalArgumentException("ring must be of 32 or 64 bits, got " + bits);
    }

    /** R of Z_2^R. */
    public int bits() {
      return bits;
    }

    /** Bytes of one value. */
    public int bytes() {
      return bits / Byte.SIZE;
    }
  }
}
