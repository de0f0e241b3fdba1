package org.consilium.coordinator.aggregate.robust;

import java.util.Optional;

/**
 * The coordinate-wise median (Yin et al. 2018, "Byzantine-robust distributed learning: towards
 * optimal statistical rates", definition 1); for an even number of sites the mean of the middle
 * two. Holds against fewer than half. Biased where sites differ in kind.
 */
record CoordinateMedian(int faulty) implements RobustRule.ByCoordinate {
  CoordinateMedian {
    if (faulty < 1) {
      throw new IllegalArgumentException("median: %d faulty".formatted(faulty));
    }
  }

  @Override
  public String word() {
    return "median";
  }

  @Override
  public Optional<Unmet> unmet(Round round) {
    return round.tooFew(this, 2 * faulty + 1);
  }

  /** {@inheritDoc} Outermost are the f lowest and the f highest values. */
  @Override
  public void combine(SiteBlock block, double[] into, long[] beyond) {
    int n = block.sites();
    Round.uniform(n).require(this);
    double[] sorted = new double[n];
    for (int i = 0; i < block.length(); i++) {
      block.sorted(i, sorted);
      double lower = sorted[(n - 1) / 2];
      double upper = sorted[n / 2];
      // Halved before they are added: two large values must not overflow.
      into[i] = 0.5 * lower + 0.5 * upper;
      block.countBeyond(i, sorted[faulty], sorted[n - 1 - faulty], beyond);
    }
  }
}
