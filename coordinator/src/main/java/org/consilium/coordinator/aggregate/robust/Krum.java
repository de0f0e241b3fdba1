package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.robust.Handling.Measure;
import org.consilium.coordinator.aggregate.robust.Handling.What;

/**
 * Krum and multi-Krum (Blanchard et al. 2017, "Machine learning with adversaries: Byzantine
 * tolerant gradient descent", sections 4 and 6): a delta's score is the sum of its n − f − 2
 * smallest squared distances from others; Krum takes the delta of the lowest score, multi-Krum the
 * mean of the m lowest, weighted as the plan weighs sites. Needs n ≥ 2f + 3, and m ≤ n − f − 2
 * (Damaskinos et al. 2019, "AggregaThor"). Hurts hospitals unlike the others: say who was dropped.
 *
 * @param kept m; 1 is Krum
 */
record Krum(int faulty, int kept) implements RobustRule.ByDistance {
  Krum {
    if (faulty < 1 || kept < 1) {
      throw new IllegalArgumentException("Krum: %d faulty, %d kept".formatted(faulty, kept));
    }
  }

  @Override
  public String word() {
    return kept == 1 ? "krum" : "multi-krum";
  }

  @Override
  public Optional<Unmet> unmet(Round round) {
    Optional<Unmet> few = round.tooFew(this, 2 * faulty + 3);
    if (few.isPresent()) {
      return few;
    }
    int n = round.sites();
    int most = n - faulty - 2;
    return kept <= most
        ? Optional.empty()
        : Optional.of(new Unmet.TooManyKept(kept, n, faulty, most));
  }

  @Override
  public Ruling rule(PairDistances distances, Round round) {
    round.require(this);
    double[] scores = scores(distances);
    List<Integer> best = best(scores);
    return new Ruling(
        Factors.chosen(best, round),
        Handling.of(Measure.KRUM_SCORE, scores, k -> best.contains(k) ? What.KEPT : What.DROPPED));
  }

  /** Each site's score. */
  double[] scores(PairDistances distances) {
    int n = distances.sites();
    double[] scores = new double[n];
    double[] others = new double[n - 1];
    for (int site = 0; site < n; site++) {
      int count = 0;
      for (int other = 0; other < n; other++) {
        if (other != site) {
          others[count++] = distances.squared(site, other);
        }
      }
      Arrays.sort(others);
      for (int k = 0; k < n - faulty - 2; k++) {
        scores[site] += others[k];
      }
    }
    return scores;
  }

  /** The sites of the lowest scores, best first; ties go to the lower index. */
  List<Integer> best(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(k -> scores[k]).thenComparingInt(k -> k))
        .limit(kept)
        .toList();
  }
}
