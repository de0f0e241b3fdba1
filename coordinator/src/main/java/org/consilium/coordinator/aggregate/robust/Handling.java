package org.consilium.coordinator.aggregate.robust;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * What a robust rule did with one site's update, and why.
 *
 * @param what was done
 * @param measure what was measured
 * @param value of this site
 * @param usual median of all sites' values
 */
public record Handling(What what, Measure measure, double value, double usual) {
  public Handling {
    if (!(value >= 0 && usual >= 0) || Double.isInfinite(value) || Double.isInfinite(usual)) {
      throw new IllegalArgumentException(
          "robust rule: %s of %s, usual %s".formatted(measure, value, usual));
    }
  }

  /** What was done with an update. */
  public enum What {
    /** It counts with its weight. */
    KEPT,
    /** It was cut to the largest norm, then counts with its weight. */
    CLIPPED,
    /** It does not count. */
    DROPPED,
    /** It counts the less, the further it is from the result. */
    WEIGHED,
    /** Its outermost values do not count. */
    TRIMMED;

    /** In a sentence. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What was measured of an update. */
  public enum Measure {
    /** L2 norm. */
    NORM("norm"),
    /** Sum of the squared distances from its nearest neighbours. */
    KRUM_SCORE("Krum score"),
    /** L2 distance from the result. */
    DISTANCE("distance"),
    /** Share of the coordinates in which its value was among the lowest or the highest. */
    OUTERMOST("outermost share");

    private final String word;

    Measure(String word) {
      this.word = word;
    }

    /** In a sentence. */
    public String word() {
      return word;
    }
  }

  /** One line for people: {@code clipped: norm 6.1 times the usual}. */
  public String words() {
    return usual > 0
        ? String.format(
            Locale.ROOT, "%s: %s %.1f times the usual", what.word(), measure.word(), value / usual)
        : String.format(Locale.ROOT, "%s: %s %.3g, usual 0", what.word(), measure.word(), value);
  }

  /** The handlings of a round's sites, each measured. */
  static List<Handling> of(Measure measure, double[] values, IntFunction<What> what) {
    double usual = usual(values);
    List<Handling> handlings = new ArrayList<>();
    for (int site = 0; site < values.length; site++) {
      handlings.add(new Handling(what.apply(site), measure, values[site], usual));
    }
    return handlings;
  }

  /** The median; for an even number the mean of the middle two. */
  static double usual(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return 0.5 * sorted[(sorted.length - 1) / 2] + 0.5 * sorted[sorted.length / 2];
  }
}
