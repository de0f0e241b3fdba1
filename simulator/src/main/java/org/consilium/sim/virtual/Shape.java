package org.consilium.sim.virtual;

import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;

/**
 * How large a simulated study is, and how it is protected.
 *
 * @param mode who could read single updates
 * @param sites 3 to 20; at least 3 hide one another
 * @param rounds 1 to 20
 * @param parameters of the synthetic model, up to 1 000 000; over 262 142 an update has several
 *     chunks
 */
public record Shape(Mode mode, int sites, int rounds, int parameters) {
  /** Fewest sites: of a sum of two each knows the other's part. */
  public static final int SITES_MIN = 3;

  /** Most sites: every two of them share a mask. */
  public static final int SITES_MAX = 20;

  /** Most rounds. */
  public static final int ROUNDS_MAX = 20;

  private static final int PARAMETERS_MAX = 1_000_000;

  /** How updates are protected. */
  public enum Mode {
    SEALED,
    MASKED,
    /** Sealed, and a late update counts in one of the next two rounds. */
    CARRYING;

    /** The plan's word for it. */
    public Exposure exposure() {
      return switch (this) {
        case SEALED, CARRYING -> new Exposure.Sealed();
        case MASKED -> new Exposure.Masked(Exposure.Ring.BITS_32);
      };
    }

    /** What becomes of late updates. */
    public Late late() {
      return switch (this) {
        case SEALED, MASKED -> Late.DISCARD;
        case CARRYING -> new Late.Carry(2, 0.5);
      };
    }
  }

  /** Refuses numbers out of range. */
  public Shape {
    check(sites >= SITES_MIN && sites <= SITES_MAX, "sites must be 3-20", sites);
    check(rounds >= 1 && rounds <= ROUNDS_MAX, "rounds must be 1-20", rounds);
    check(
        parameters >= 1 && parameters <= PARAMETERS_MAX,
        "parameters must be 1-1000000",
        parameters);
  }

  private static void check(boolean legal, String rule, int given) {
    if (!legal) {
      throw new IllegalArgumentException("%s, got %d".formatted(rule, given));
    }
  }
}
