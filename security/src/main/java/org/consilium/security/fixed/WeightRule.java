package org.consilium.security.fixed;

/** How many examples become an integer weight. */
public enum WeightRule {
  /**
   * {@code clamp(⌊(2·samples·W + N) / (2·N)⌋, 1, W)}: samples·W/N to the nearest integer, halves
   * up.
   */
  SAMPLES,
  /** Every site counts the same: 1. */
  UNIFORM;

  private static final long SAMPLES_MAX = 1L << 40;

  /**
   * A site's weight.
   *
   * @param samples examples used, 1 to 2^40
   * @param reference N, the number of examples that earns the full weight, 1 to 2^40
   * @param max W, 1 to 64
   */
  public int weight(long samples, long reference, int max) {
    if (samples < 1 || samples > SAMPLES_MAX || reference < 1 || reference > SAMPLES_MAX) {
      throw new IllegalArgumentException(
          "weight: %d samples of %d, both must be 1 to 2^40".formatted(samples, reference));
    }
    if (max < 1 || max > 64) {
      throw new IllegalArgumentException("weight: at most %d, 1 to 64".formatted(max));
    }
    return switch (this) {
      case SAMPLES ->
          (int) Math.clamp((2 * samples * max + reference) / (2 * reference), 1L, (long) max);
      case UNIFORM -> 1;
    };
  }
}
