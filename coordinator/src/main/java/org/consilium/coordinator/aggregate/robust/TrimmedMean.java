package org.consilium.coordinator.aggregate.robust;

import java.util.Optional;

/**
 * The coordinate-wise trimmed mean (Yin et al. 2018, "Byzantine-robust distributed learning:
 * towards optimal statistical rates", definition 2): the mean of what is left when ⌊βn⌋ values are
 * dropped at each end. Equal values are alike, so a tie cannot change the mean.
 *
 * @param fraction β in [0, ½)
 */
record TrimmedMean(double fraction, int faulty) implements RobustRule.ByCoordinate {
  TrimmedMean {
    if (!(fraction >= 0 && fraction < 0.5) || faulty < 1) {
      throw new IllegalArgumentException(
          "trimmed mean: fraction %s of [0, 0.5), %d faulty".formatted(fraction, faulty));
    }
  }

  @Override
  public String word() {
    return "trimmed-mean";
  }

  @Override
  public Optional<Unmet> unmet(Round round) {
    int dropped = dropped(round.sites());
    return dropped >= faulty
        ? Optional.empty()
        : Optional.of(new Unmet.TooLittleTrimmed(fraction, round.sites(), faulty, dropped));
  }

  /** How many of {@code count} values are dropped at each end; at least one is left. */
  int dropped(int count) {
    // 0.29·100 is 28.999… in binary: a fraction meant to drop a whole number must do so.
    return Math.min((count - 1) / 2, (int) Math.floor(fraction * count + 1e-9));
  }

  /** {@inheritDoc} Outermost are the values dropped. */
  @Override
  public void combine(SiteBlock block, double[] into, long[] beyond) {
    int n = block.sites();
    Round.uniform(n).require(this);
    int dropped = dropped(n);
    double[] sorted = new double[n];
    for (int i = 0; i < block.length(); i++) {
      block.sorted(i, sorted);
      double sum = 0;
      for (int k = dropped; k < n - dropped; k++) {
        sum += sorted[k];
      }
      into[i] = sum / (n - 2 * dropped);
      block.countBeyond(i, sorted[dropped], sorted[n - 1 - dropped], beyond);
    }
  }
}
