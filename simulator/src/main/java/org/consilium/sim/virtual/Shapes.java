package org.consilium.sim.virtual;

/**
 * Which shape each seed has: most sealed, every sixteenth masked and smaller, because masks among
 * so many sites cost far more, every sixteenth with late updates that are carried, and now and then
 * a model large enough for updates of several chunks.
 *
 * @param mode which protection is run; both is as above
 * @param sites of a sealed study, and of a masked one if there are no others
 * @param rounds likewise
 */
public record Shapes(Choice mode, int sites, int rounds) {
  private static final int PARAMETERS = 64;
  private static final int PARAMETERS_LARGE = 300_000;
  private static final int MASKED_EVERY = 16;
  private static final int LARGE_EVERY = 512;
  private static final int CARRYING_AT = 8;
  private static final int CARRYING_ROUNDS_MIN = 3;
  private static final int MASKED_SITES = 5;
  private static final int MASKED_ROUNDS = 2;
  private static final int LARGE_SITES = 3;
  private static final int LARGE_ROUNDS = 2;

  /** What is run; both is all kinds. */
  public enum Choice {
    SEALED,
    MASKED,
    CARRYING,
    BOTH
  }

  /** Refuses numbers out of range. */
  public Shapes {
    var _ = new Shape(Shape.Mode.SEALED, sites, rounds, PARAMETERS);
  }

  /** The shape of a seed. */
  public Shape of(long seed) {
    long place = Math.floorMod(seed, (long) LARGE_EVERY);
    boolean masked = mode == Choice.MASKED || (mode == Choice.BOTH && place % MASKED_EVERY == 0);
    if (masked) {
      boolean alone = mode == Choice.MASKED;
      return new Shape(
          Shape.Mode.MASKED,
          alone ? sites : Math.min(sites, MASKED_SITES),
          alone ? rounds : Math.min(rounds, MASKED_ROUNDS),
          PARAMETERS);
    }
    if (mode == Choice.CARRYING || (mode == Choice.BOTH && place % MASKED_EVERY == CARRYING_AT)) {
      return new Shape(
          Shape.Mode.CARRYING, sites, Math.max(rounds, CARRYING_ROUNDS_MIN), PARAMETERS);
    }
    return place == 1
        ? new Shape(
            Shape.Mode.SEALED,
            Math.min(sites, LARGE_SITES),
            Math.min(rounds, LARGE_ROUNDS),
            PARAMETERS_LARGE)
        : new Shape(Shape.Mode.SEALED, sites, rounds, PARAMETERS);
  }
}
