package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.Locale;

/**
 * How accepted deltas become one server step.
 *
 * @param rule the step
 * @param serverLearningRate η, factor on what the rule makes of the mean
 * @param momentum β of fedavgm, β₁ of the adaptive rules, otherwise 0
 * @param beta2 β₂ of fedadam and fedyogi, otherwise 0
 * @param tau τ of the adaptive rules and of fedema, otherwise 0
 * @param adjustment step of feddg-ga in its first round, otherwise 0
 * @param weighting how much a site counts
 */
public record Aggregation(
    Rule rule,
    double serverLearningRate,
    double momentum,
    double beta2,
    double tau,
    double adjustment,
    Weighting weighting) {
  /** The mean weighted by examples. */
  public static final Aggregation FEDAVG =
      new Aggregation(Rule.FEDAVG, 1, 0, 0, 0, 0, Weighting.SAMPLES);

  public Aggregation {
    check(
        serverLearningRate > 0 && serverLearningRate <= 10,
        "serverLearningRate must be in (0, 10]",
        serverLearningRate);
    boolean adaptive = rule.adaptive();
    boolean first = adaptive || rule == Rule.FEDAVGM;
    boolean second = adaptive && rule != Rule.FEDADAGRAD;
    check(
        first ? momentum >= 0 && momentum < 1 : momentum == 0,
        "momentum must be in [0, 1) for fedavgm and the adaptive rules and 0 otherwise",
        momentum);
    check(
        second ? beta2 >= 0 && beta2 < 1 : beta2 == 0,
        "beta2 must be in [0, 1) for fedadam and fedyogi and left out otherwise",
        beta2);
    check(
        (adaptive || rule == Rule.FEDEMA) ? (tau >= 1e-12 && tau <= 1) : tau == 0,
        "tau must be in [1e-12, 1] for an adaptive rule or fedema and left out otherwise",
        tau);
    check(
        rule == Rule.FEDDG_GA ? adjustment > 0 && adjustment <= 1 : adjustment == 0,
        "adjustment must be in (0, 1] for feddg-ga and left out otherwise",
        adjustment);
    check(
        rule != Rule.SCAFFOLD || weighting == Weighting.UNIFORM,
        "weighting must be uniform for scaffold: its control variates are plain means",
        weighting);
    check(
        rule != Rule.FEDDG_GA || weighting == Weighting.SAMPLES,
        "weighting must be left out for feddg-ga: it begins with examples and finds its own",
        weighting);
  }

  /** A server step; the papers stand with the code of each. */
  public enum Rule {
    FEDAVG,
    FEDAVGM,
    FEDADAM,
    FEDYOGI,
    FEDADAGRAD,
    FEDNOVA,
    SCAFFOLD,
    FEDDG_GA,
    FEDEMA;

    /** As plans and people write it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The rule of that word.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Rule of(String word) {
      for (Rule rule : values()) {
        if (rule.word().equals(word)) {
          return rule;
        }
      }
      throw new IllegalArgumentException(
          "aggregation rule is not known: " + Limits.printable(word));
    }

    /** Whether it scales each coordinate by a running second moment. */
    public boolean adaptive() {
      return switch (this) {
        case FEDADAM, FEDYOGI, FEDADAGRAD -> true;
        case FEDAVG, FEDAVGM, FEDNOVA, SCAFFOLD, FEDDG_GA, FEDEMA -> false;
      };
    }
  }

  /** How much a site counts in the mean. */
  public enum Weighting {
    /** By its training examples. */
    SAMPLES,
    /** Every site the same. */
    UNIFORM
  }
}
