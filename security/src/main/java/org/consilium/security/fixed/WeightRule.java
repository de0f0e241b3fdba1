package org.consilium.security.fixed;

/** How many examples become an integer weight. */
public enum WeightRule {
  /**
   * {@code clamp(⌊(2·samples·W + N) / (2·N)⌋, 1, W)}: samples·W/N to the nearest integer, halves
   * up.
   */
  SAMPLES,
  /** {@code min(samples, W)}, which 64 bits have room for; N does not matter. */
  COUNT,
  /** Every site counts the same: 1. */
  UNIFORM;

  private static final long SAMPLES_MAX = 1L << 40;
  private static final int COUNT_MAX = 1 << 20;

  /**
   * A site's weight.
   *
   * @param samples examples used, 1 to 2^40
   * @param reference N, the number of examples that earns the full weight, 1 to 2^40
   * @param max W, 1 to 64; to 2^20 for {@link #COUNT}
   */
  public int weight(long samples, long reference, int max) {
    if (samples < 1 || samples > SAMPLES_MAX || reference < 1 || reference > SAMPLES_MAX) {
      throw new IllegalArgumentException(
          "weight: %d samples of %d, both must be 1 to 2^40".formatted(samples, reference));
    }
    int most = this == COUNT ? COUNT_MAX : 64;
    if (max < 1 || max > most) {
      throw new IllegalArgumentException("weight: at most %d, 1 to %d".formatted(max, most));
    }
    return switch (this) {
      case SAMPLES ->
          (int) Math.clamp((2 * samples * max + reference) / (2 * reference), 1L, (long) max);
      case COUNT -> (int) Math.min(samples, max);
      case UNIFORM -> 1;
    };
  }
}
