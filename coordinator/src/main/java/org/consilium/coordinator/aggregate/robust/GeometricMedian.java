package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.robust.Handling.Measure;
import org.consilium.coordinator.aggregate.robust.Handling.What;

/**
 * The geometric median, which minimises Σwₖ‖z − Δₖ‖ (Pillutla et al. 2022, "Robust aggregation for
 * federated learning"), by their smoothed form of Weiszfeld's iteration: shares λₖ ∝ wₖ / max(ν, ‖z
 * − Δₖ‖), then z = ΣλₖΔₖ.
 *
 * <p>No iteration reads a delta. As Σλ = 1, the pairs' squared distances D say all that is needed:
 * ‖Δₖ − z‖² = ΣⱼλⱼDₖⱼ − ½ΣΣλᵢλⱼDᵢⱼ. So one walk measures D, and one adds up the deltas.
 *
 * <p>A delta that is itself the minimum is found first, by the condition of Vardi &amp; Zhang 2000
 * ("The multivariate L1-median and associated data depth"), as the iteration nears it ever more
 * slowly; of several the lowest index. Otherwise ν is out of play, unless the minimum is within a
 * millionth of the distance of two deltas from one of them.
 *
 * <p>Tolerance: shares are kept to 2^-32, so that z is off by up to some 2^-32 of the largest
 * distance. Where the iteration is slower it stops at {@link #ITERATIONS_MAX}, at a point that is
 * no less reproducible.
 */
record GeometricMedian(int faulty) implements RobustRule.ByDistance {
  /** At n = 128 some tenths of a second; a hundred or so are usual. */
  private static final int ITERATIONS_MAX = 10_000;

  /** A step that moves no share by more is the last. */
  private static final double STILL = 0x1p-40;

  /** ν over the smallest distance of two deltas that differ. */
  private static final double SMOOTHING = 1e-6;

  /** Slack of the condition for a minimum on a delta: rounding in D. */
  private static final double SLACK = 1e-9;

  GeometricMedian {
    if (faulty < 1) {
      throw new IllegalArgumentException("geometric median: %d faulty".formatted(faulty));
    }
  }

  @Override
  public String word() {
    return "geometric-median";
  }

  /** Fewer than half of the sites, with less than half of the weight, may be faulty. */
  @Override
  public Optional<Unmet> unmet(Round round) {
    Optional<Unmet> few = round.tooFew(this, 2 * faulty + 1);
    if (few.isPresent()) {
      return few;
    }
    long heaviest = round.heaviest(faulty);
    return 2 * heaviest < round.weightSum()
        ? Optional.empty()
        : Optional.of(new Unmet.TooHeavy(faulty, heaviest, round.weightSum()));
  }

  @Override
  public Ruling rule(PairDistances distances, Round round) {
    round.require(this);
    for (int site = 0; site < round.sites(); site++) {
      if (isMinimum(site, distances, round)) {
        return at(site, distances, round);
      }
    }
    double[] shares = shares(distances, round);
    return new Ruling(Factors.shares(shares, round), handlings(away(shares, distances)));
  }

  /** Whether the pull of all other sites is no stronger than the weight that sits on this one. */
  private static boolean isMinimum(int site, PairDistances distances, Round round) {
    int n = round.sites();
    double own = 0;
    double[] pulls = new double[n]; // wₖ / distance
    for (int k = 0; k < n; k++) {
      double squared = distances.squared(site, k);
      if (squared == 0) {
        own += round.weights().get(k);
      } else {
        pulls[k] = round.weights().get(k) / Math.sqrt(squared);
      }
    }
    double strength = 0; // squared: ΣΣ of pulls times the inner product of their directions
    for (int k = 0; k < n; k++) {
      for (int j = 0; j < n; j++) {
        double inner =
            0.5
                * (distances.squared(site, k)
                    + distances.squared(site, j)
                    - distances.squared(k, j));
        strength += pulls[k] * pulls[j] * inner;
      }
    }
    return Math.sqrt(Math.max(0, strength)) <= own * (1 + SLACK);
  }

  /** The minimum is this site's delta, and that of all who sent the same. */
  private static Ruling at(int site, PairDistances distances, Round round) {
    List<Integer> same =
        IntStream.range(0, round.sites())
            .filter(k -> distances.squared(site, k) == 0)
            .boxed()
            .toList();
    double[] away = new double[round.sites()];
    Arrays.setAll(away, k -> Math.sqrt(distances.squared(site, k)));
    return new Ruling(Factors.chosen(same, round), handlings(away));
  }

  private static double[] shares(PairDistances distances, Round round) {
    int n = round.sites();
    double nu = SMOOTHING * smallest(distances);
    double[] shares = new double[n];
    Arrays.setAll(shares, k -> (double) round.weights().get(k) / round.weightSum());
    for (int step = 0; step < ITERATIONS_MAX; step++) {
      double[] next = away(shares, distances);
      double sum = 0;
      for (int k = 0; k < n; k++) {
        next[k] = round.weights().get(k) / Math.max(nu, next[k]);
        sum += next[k];
      }
      double moved = 0;
      for (int k = 0; k < n; k++) {
        next[k] /= sum;
        moved = Math.max(moved, Math.abs(next[k] - shares[k]));
      }
      shares = next;
      if (moved <= STILL) {
        break;
      }
    }
    return shares;
  }

  /** The distance of each delta from Σλₖ Δₖ. */
  private static double[] away(double[] shares, PairDistances distances) {
    int n = shares.length;
    double[] away = new double[n];
    double twice = 0; // ΣΣλᵢλⱼDᵢⱼ
    for (int k = 0; k < n; k++) {
      for (int j = 0; j < n; j++) {
        away[k] += shares[j] * distances.squared(k, j);
      }
      twice += shares[k] * away[k];
    }
    for (int k = 0; k < n; k++) {
      away[k] = Math.sqrt(Math.max(0, away[k] - 0.5 * twice));
    }
    return away;
  }

  /**
   * The smallest distance of two deltas that differ; there are two, or one would be the minimum.
   */
  private static double smallest(PairDistances distances) {
    double least = Double.POSITIVE_INFINITY;
    for (int a = 0; a < distances.sites(); a++) {
      for (int b = 0; b < a; b++) {
        double squared = distances.squared(a, b);
        least = squared > 0 ? Math.min(least, squared) : least;
      }
    }
    return Math.sqrt(least);
  }

  private static List<Handling> handlings(double[] away) {
    return Handling.of(Measure.DISTANCE, away, _ -> What.WEIGHED);
  }
}
