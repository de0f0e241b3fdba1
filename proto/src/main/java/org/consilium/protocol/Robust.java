package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.List;
import java.util.Optional;

/**
 * How single deltas are combined so that a minority of them cannot move the result far. A part of
 * {@link Exposure.Sealed} alone: under masks no single delta is seen. The papers stand with the
 * code of each rule.
 */
public sealed interface Robust {
  /** What people may write, in the order of the documentation. */
  List<String> WORDS =
      List.of("norm-clip", "median", "trimmed-mean", "krum", "multi-krum", "geometric-median");

  /** No rule: the weighted mean. */
  static Robust none() {
    return new None();
  }

  /** The weighted mean of all deltas, as they are. */
  record None() implements Robust {}

  /**
   * Deltas longer than a multiple of the usual norm are cut to it.
   *
   * @param times the multiple, 1 to 100
   */
  record NormClip(double times, int faulty) implements Robust {
    public NormClip {
      check(times >= 1 && times <= 100, "robust times must be 1-100", times);
      few(faulty);
    }
  }

  /** The median of each coordinate. */
  record Median(int faulty) implements Robust {
    public Median {
      few(faulty);
    }
  }

  /**
   * The mean of each coordinate without its extremes.
   *
   * @param fraction of the sites dropped at each end, in (0, ½)
   */
  record TrimmedMean(double fraction, int faulty) implements Robust {
    public TrimmedMean {
      check(fraction > 0 && fraction < 0.5, "robust fraction must be in (0, 0.5)", fraction);
      few(faulty);
    }

    /** How many of {@code count} values are dropped at each end; at least one is left. */
    public int dropped(int count) {
      // 0.29·100 is 28.999… in binary: a fraction meant to drop a whole number must do so.
      return Math.min((count - 1) / 2, (int) Math.floor(fraction * count + 1e-9));
    }
  }

  /** The one delta that is closest to its neighbours. */
  record Krum(int faulty) implements Robust {
    public Krum {
      few(faulty);
    }
  }

  /**
   * The mean of the deltas that are closest to their neighbours.
   *
   * @param kept how many
   */
  record MultiKrum(int faulty, int kept) implements Robust {
    public MultiKrum {
      few(faulty);
      check(
          kept >= 2 && kept <= Limits.PAIRED_PARTICIPANTS_MAX,
          "robust kept must be 2-" + Limits.PAIRED_PARTICIPANTS_MAX,
          kept);
    }
  }

  /** The point whose distances from all deltas have the smallest weighted sum. */
  record GeometricMedian(int faulty) implements Robust {
    public GeometricMedian {
      few(faulty);
    }
  }

  /** As plans and people write it; empty without a rule. */
  default String word() {
    return switch (this) {
      case None _ -> "";
      case NormClip _ -> "norm-clip";
      case Median _ -> "median";
      case TrimmedMean _ -> "trimmed-mean";
      case Krum _ -> "krum";
      case MultiKrum _ -> "multi-krum";
      case GeometricMedian _ -> "geometric-median";
    };
  }

  /** Sites that may send anything; 0 without a rule. */
  default int faulty() {
    return switch (this) {
      case None _ -> 0;
      case NormClip(_, int faulty) -> faulty;
      case Median(int faulty) -> faulty;
      case TrimmedMean(_, int faulty) -> faulty;
      case Krum(int faulty) -> faulty;
      case MultiKrum(int faulty, _) -> faulty;
      case GeometricMedian(int faulty) -> faulty;
    };
  }

  /** Whether it works on each coordinate by itself, where every site counts the same. */
  default boolean byCoordinate() {
    return switch (this) {
      case Median _, TrimmedMean _ -> true;
      case None _, NormClip _, Krum _, MultiKrum _, GeometricMedian _ -> false;
    };
  }

  /** Why a round of so few updates would not do for the rule; empty when it does. */
  default Optional<String> unmet(int updates) {
    return switch (this) {
      case None _ -> Optional.empty();
      case NormClip _, Median _, GeometricMedian _ -> tooFew(2 * faulty() + 1, updates);
      case TrimmedMean trimmed ->
          trimmed.dropped(updates) >= faulty()
              ? Optional.empty()
              : Optional.of(
                  "a fraction of %s drops %d of %d updates at each end, but %d sites may be faulty"
                      .formatted(trimmed.fraction(), trimmed.dropped(updates), updates, faulty()));
      case Krum _ -> tooFew(2 * faulty() + 3, updates);
      case MultiKrum(int faulty, int kept) ->
          tooFew(2 * faulty + 3, updates)
              .or(
                  () ->
                      kept <= updates - faulty - 2
                          ? Optional.empty()
                          : Optional.of(
                              "multi-krum may keep at most %d of %d updates where %d sites may be faulty, got %d"
                                  .formatted(updates - faulty - 2, updates, faulty, kept)));
    };
  }

  private Optional<String> tooFew(int least, int updates) {
    return updates >= least
        ? Optional.empty()
        : Optional.of(
            "%s needs at least %d updates where %d sites may be faulty, got %d"
                .formatted(word(), least, faulty(), updates));
  }

  private static void few(int faulty) {
    check(
        faulty >= 1 && faulty < Limits.PAIRED_PARTICIPANTS_MAX / 2,
        "robust faulty must be 1-%d".formatted(Limits.PAIRED_PARTICIPANTS_MAX / 2 - 1),
        faulty);
  }
}
