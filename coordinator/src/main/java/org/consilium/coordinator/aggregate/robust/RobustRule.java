package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Limits;
import org.consilium.protocol.Robust;

/**
 * A combination of single deltas that a minority of them cannot move far. A rule is its numbers. It
 * is of one of three kinds, by what it must see: the norms, all pairs' distances, or every
 * coordinate of all sites. No kind needs more than a block of the deltas at a time.
 *
 * <p>Everywhere a site is its place in the order of site ids, and sums run over sites in that
 * order, then over coordinates in layout order, so that the same updates give the same bits.
 */
public sealed interface RobustRule {
  /** The rule of a plan; empty is the weighted mean. */
  static Optional<RobustRule> of(Robust plan) {
    return switch (plan) {
      case Robust.None _ -> Optional.empty();
      case Robust.NormClip(double times, int faulty) -> Optional.of(normClip(times, faulty));
      case Robust.Median(int faulty) -> Optional.of(median(faulty));
      case Robust.TrimmedMean(double fraction, int faulty) ->
          Optional.of(trimmedMean(fraction, faulty));
      case Robust.Krum(int faulty) -> Optional.of(krum(faulty));
      case Robust.MultiKrum(int faulty, int kept) -> Optional.of(multiKrum(faulty, kept));
      case Robust.GeometricMedian(int faulty) -> Optional.of(geometricMedian(faulty));
    };
  }

  /** Deltas longer than a multiple of the usual norm are cut to it. */
  static ByNorm normClip(double times, int faulty) {
    return new NormClip(times, faulty);
  }

  /** The median of each coordinate. */
  static ByCoordinate median(int faulty) {
    return new CoordinateMedian(faulty);
  }

  /** The mean of each coordinate without a fraction of the values at each end. */
  static ByCoordinate trimmedMean(double fraction, int faulty) {
    return new TrimmedMean(fraction, faulty);
  }

  /** The delta that is closest to its neighbours. */
  static ByDistance krum(int faulty) {
    return new Krum(faulty, 1);
  }

  /** The mean of the {@code kept} deltas that are closest to their neighbours. */
  static ByDistance multiKrum(int faulty, int kept) {
    return new Krum(faulty, kept);
  }

  /** The point whose distances from all deltas have the smallest weighted sum. */
  static ByDistance geometricMedian(int faulty) {
    return new GeometricMedian(faulty);
  }

  /** As people write it. */
  String word();

  /** f, how many sites may send anything; at least 1. */
  int faulty();

  /** The first need of the rule that the round does not meet; without one, the rule can be used. */
  Optional<Unmet> unmet(Round round);

  /** A rule that only looks at how long each delta is. */
  // One implementation: the third kind, there so that a switch over the kinds is total.
  sealed interface ByNorm extends RobustRule permits NormClip {
    /**
     * Factors for a second walk.
     *
     * @param norms L2 norm of each site's delta
     * @throws IllegalArgumentException if a norm is not finite or the round is {@link #unmet}
     */
    Ruling rule(double[] norms, Round round);
  }

  /** A rule that looks at how far the deltas are from one another. */
  sealed interface ByDistance extends RobustRule permits Krum, GeometricMedian {
    /**
     * Factors for a second walk.
     *
     * @throws IllegalArgumentException if the round is {@link #unmet}
     */
    Ruling rule(PairDistances distances, Round round);
  }

  /** A rule for each coordinate by itself; every site counts the same. */
  sealed interface ByCoordinate extends RobustRule permits CoordinateMedian, TrimmedMean {
    /**
     * Combines a block.
     *
     * @param into written from its start
     * @param beyond for each site, raised by the coordinates of the block in which its value was
     *     among the outermost; counts of blocks worked on side by side may be added
     * @throws IllegalArgumentException if the round is {@link #unmet}
     */
    void combine(SiteBlock block, double[] into, long[] beyond);

    /** What was done with each site, when {@code beyond} has counted all coordinates. */
    default List<Handling> handlings(long[] beyond, long coordinates) {
      double[] shares =
          Arrays.stream(beyond).mapToDouble(b -> (double) b / Math.max(1, coordinates)).toArray();
      return Handling.of(Handling.Measure.OUTERMOST, shares, _ -> Handling.What.TRIMMED);
    }
  }

  /**
   * What a rule makes of a round.
   *
   * @param factors what every site's values are multiplied by
   * @param handlings what was done with each site, and by what measure
   */
  record Ruling(Factors factors, List<Handling> handlings) {
    public Ruling {
      handlings = List.copyOf(handlings);
    }
  }

  /**
   * A round before its updates are looked into.
   *
   * @param weights of the accepted updates, in the order of site ids
   */
  record Round(List<Integer> weights) {
    public Round {
      weights = List.copyOf(weights);
      if (weights.isEmpty() || weights.size() > Limits.PARTICIPANTS_MAX) {
        throw new IllegalArgumentException(
            "robust rule: %d sites, 1 to %d".formatted(weights.size(), Limits.PARTICIPANTS_MAX));
      }
      for (int weight : weights) {
        if (weight < 1 || weight > Limits.WEIGHT_MAX) {
          throw new IllegalArgumentException(
              "robust rule: weight %d, 1 to %d".formatted(weight, Limits.WEIGHT_MAX));
        }
      }
    }

    /** A round in which all sites count the same. */
    public static Round uniform(int sites) {
      return new Round(Collections.nCopies(sites, 1));
    }

    /** n. */
    public int sites() {
      return weights.size();
    }

    /** Σ w. */
    public long weightSum() {
      return weights.stream().mapToLong(w -> w).sum();
    }

    /** The most that {@code count} sites can weigh together. */
    long heaviest(int count) {
      return weights.stream()
          .sorted(Comparator.reverseOrder())
          .limit(count)
          .mapToLong(w -> w)
          .sum();
    }

    /** Says so when there are fewer than {@code least} sites for the rule. */
    Optional<Unmet> tooFew(RobustRule rule, int least) {
      return sites() >= least
          ? Optional.empty()
          : Optional.of(new Unmet.TooFewSites(rule.word(), sites(), rule.faulty(), least));
    }

    /** Refuses a rule that nobody asked whether the round meets its needs. */
    void require(RobustRule rule) {
      rule.unmet(this)
          .ifPresent(
              unmet -> {
                throw new IllegalArgumentException("robust rule: " + unmet.words());
              });
    }
  }

  /** A need that a round does not meet, with its numbers. */
  sealed interface Unmet {
    /** One line for people. */
    String words();

    /**
     * Too few sites for so many faulty ones.
     *
     * @param least 2f + 1 where a majority must be sound, 2f + 3 for Krum
     */
    record TooFewSites(String rule, int sites, int faulty, int least) implements Unmet {
      @Override
      public String words() {
        return "%s needs at least %d sites where %d may be faulty, got %d"
            .formatted(rule, least, faulty, sites);
      }
    }

    /** A trimmed mean that drops fewer values at each end than may be faulty. */
    record TooLittleTrimmed(double fraction, int sites, int faulty, int dropped) implements Unmet {
      @Override
      public String words() {
        return "a fraction of %s drops %d of %d sites at each end, but %d may be faulty"
            .formatted(fraction, dropped, sites, faulty);
      }
    }

    /**
     * More deltas to keep than are sure to have sound neighbours.
     *
     * @param most n − f − 2
     */
    record TooManyKept(int kept, int sites, int faulty, int most) implements Unmet {
      @Override
      public String words() {
        return "multi-krum may keep at most %d of %d sites where %d may be faulty, got %d"
            .formatted(most, sites, faulty, kept);
      }
    }

    /**
     * So few sites that count for half of the whole or more.
     *
     * @param heaviest weight of the f heaviest sites
     * @param all weight of all sites
     */
    record TooHeavy(int faulty, long heaviest, long all) implements Unmet {
      @Override
      public String words() {
        return "geometric-median needs under half of the weight to be faulty; the heaviest "
            + "%d have %d of %d".formatted(faulty, heaviest, all);
      }
    }
  }
}
