package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.Locale;

/** What becomes of an update that comes when its round is over. */
public sealed interface Late {
  /** Nothing: its site drops it and goes on. */
  Late DISCARD = new Discard();

  /** It is told so, counted and dropped. */
  record Discard() implements Late {}

  /**
   * Its site may send the delta again as its one update of a later round, with a smaller weight
   * (Xie et al. 2019, Asynchronous Federated Optimization, polynomial staleness).
   *
   * @param roundsMax most rounds between the one it was trained for and the one it counts in
   * @param exponent a of s(k) = (1 + k)^−a, k the rounds between
   */
  record Carry(int roundsMax, double exponent) implements Late {
    /** With fewer steps a smaller weight could not be told from a whole one. */
    static final int WEIGHT_MAX_MIN = 8;

    public Carry {
      check(roundsMax >= 1 && roundsMax <= 16, "lateMaxRounds must be 1-16", roundsMax);
      check(exponent >= 0 && exponent <= 4, "lateExponent must be 0-4", exponent);
    }

    /**
     * The integer weight of an update that is {@code rounds} rounds late: w·(1 + k)^−a to the
     * nearest whole number, ties to even, at least 1. The same on every machine.
     *
     * @param weight w, what the site's update of the open round would weigh
     * @param rounds k, at least 1
     */
    public int weight(int weight, int rounds) {
      double stale = weight * StrictMath.pow(1.0 + rounds, -exponent);
      return (int) Math.clamp(Math.rint(stale), 1.0, weight);
    }
  }

  /** What carrying does not go with; each says why. */
  static void require(
      StudyPlan.Participation participation,
      Aggregation aggregation,
      StudyPlan.Protection protection) {
    if (participation.late() instanceof Discard) {
      return;
    }
    check(
        protection.mode() == StudyPlan.Mode.SEALED,
        "sites: late carry needs privacy mode sealed: masks belong to one round, and those of a"
            + " late update cancel in no other",
        protection.mode().name().toLowerCase(Locale.ROOT));
    check(
        protection.exposure().robustRule() instanceof Robust.None,
        "sites: late carry does not go with a robust rule: it would leave a late update out for"
            + " being unlike those of this round",
        protection.exposure().robustRule().word());
    boolean mean =
        switch (aggregation.rule()) {
          case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD -> true;
          case FEDNOVA, SCAFFOLD, FEDDG_GA, FEDEMA -> false;
        };
    check(
        mean,
        "sites: late carry goes with fedavg, fedprox, fedavgm, fedadam, fedyogi and fedadagrad:"
            + " what the others send or remember belongs to one round",
        aggregation.rule().word());
    check(
        aggregation.weighting() == Aggregation.Weighting.SAMPLES,
        "sites: late carry needs algorithm weighting samples: where every update weighs 1 none can"
            + " weigh less",
        aggregation.weighting().name().toLowerCase(Locale.ROOT));
    check(
        protection.weightMax() >= Carry.WEIGHT_MAX_MIN,
        "sites: late carry needs a weightMax of at least %d: weights are whole numbers"
            .formatted(Carry.WEIGHT_MAX_MIN),
        protection.weightMax());
    check(
        !protection.exposure().encoding().narrow(),
        "sites: late carry needs transfer encoding full: what narrow rounding left over belongs to"
            + " one round",
        protection.exposure().encoding().word());
  }
}
