package org.consilium.protocol;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A study's fixed settings. Sites approve the digest of its serialized form, so no field of it can
 * change once a site has agreed.
 *
 * @param study name
 * @param title one line for people
 * @param model what is trained
 * @param training how a site trains
 * @param aggregation how accepted updates become a server step
 * @param protection what hides a delta, and its bounds
 * @param participation who takes part, and how long a round waits
 * @param monitoring how drift is watched
 * @param labels class names; two for a single logit: negative, positive
 * @param select metric that chooses the best model version: {@code auroc} or {@code loss}
 * @param seed root of every random choice that is not a secret
 * @param rounds rounds to run
 */
public record StudyPlan(
    StudyId study,
    String title,
    ModelSpec model,
    Training training,
    Aggregation aggregation,
    Protection protection,
    Participation participation,
    Monitoring monitoring,
    List<String> labels,
    String select,
    long seed,
    int rounds) {

  public StudyPlan {
    labels = List.copyOf(labels);
    check(
        !title.isBlank() && title.length() <= Limits.TEXT_CHARS_MAX,
        "title must have 1-400 characters",
        title.length());
    int expected = model.classes() == 1 ? 2 : model.classes();
    check(
        labels.size() == expected, "labels must be " + expected + " for this model", labels.size());
    check(Set.of("auroc", "loss").contains(select), "select must be auroc or loss", select);
    check(
        rounds >= 1 && rounds <= Limits.ROUNDS_MAX,
        "rounds must be 1-" + Limits.ROUNDS_MAX,
        rounds);
  }

  /**
   * How a site trains in one round.
   *
   * @param localEpochs passes over the site's training set
   * @param batchSize examples a step
   * @param learningRate AdamW step size
   * @param weightDecay decoupled decay
   * @param firstRoundFactor factor on the learning rate in round 1
   * @param cosine whether the learning rate falls to zero over the study's rounds
   * @param proximalMu FedProx strength (Li et al. 2020); 0 is FedAvg
   * @param gradientClip largest L2 norm of a step's gradient; 0 is no bound
   * @param augmentation none, weak or strong
   * @param normalisation fixed (the plan's mean and deviation) or image (each image by itself)
   * @param mean grey level 0-1 subtracted under {@code fixed}
   * @param deviation grey level 0-1 divided by under {@code fixed}
   * @param localBaseline whether the site also trains a local-only model for comparison
   */
  public record Training(
      int localEpochs,
      int batchSize,
      double learningRate,
      double weightDecay,
      double firstRoundFactor,
      boolean cosine,
      double proximalMu,
      double gradientClip,
      String augmentation,
      String normalisation,
      double mean,
      double deviation,
      boolean localBaseline) {
    public Training {
      check(localEpochs >= 1 && localEpochs <= 1000, "localEpochs must be 1-1000", localEpochs);
      check(batchSize >= 1 && batchSize <= 4096, "batchSize must be 1-4096", batchSize);
      check(
          learningRate > 0 && learningRate <= 10, "learningRate must be in (0, 10]", learningRate);
      check(weightDecay >= 0 && weightDecay <= 1, "weightDecay must be in [0, 1]", weightDecay);
      check(
          firstRoundFactor > 0 && firstRoundFactor <= 1,
          "firstRoundFactor must be in (0, 1]",
          firstRoundFactor);
      check(proximalMu >= 0 && proximalMu <= 100, "proximalMu must be in [0, 100]", proximalMu);
      check(
          gradientClip >= 0 && gradientClip <= 1e6,
          "gradientClip must be in [0, 1e6]",
          gradientClip);
      check(
          Set.of("none", "weak", "strong").contains(augmentation),
          "augmentation must be none, weak or strong",
          augmentation);
      check(
          Set.of("fixed", "image").contains(normalisation),
          "normalisation must be fixed or image",
          normalisation);
      check(mean >= 0 && mean <= 1, "mean must be in [0, 1]", mean);
      check(deviation > 0 && deviation <= 1, "deviation must be in (0, 1]", deviation);
    }
  }

  /**
   * How accepted deltas become one server step.
   *
   * @param rule fedavg
   * @param serverLearningRate factor on the weighted mean
   * @param momentum 0
   */
  public record Aggregation(String rule, double serverLearningRate, double momentum) {
    public Aggregation {
      check(rule.equals("fedavg"), "aggregation rule must be fedavg", rule);
      check(
          serverLearningRate > 0 && serverLearningRate <= 10,
          "serverLearningRate must be in (0, 10]",
          serverLearningRate);
      check(momentum == 0, "momentum must be 0 for fedavg", momentum);
    }
  }

  /** What hides a single site's delta. */
  public enum Mode {
    /** Encrypted to the study's aggregation key: the aggregator's operator can read it. */
    SEALED
  }

  /**
   * The bounds of what leaves a site.
   *
   * @param mode what hides a delta
   * @param clip S, largest L2 norm of a delta
   * @param range C, largest magnitude of one coordinate, a power of two
   * @param weightMax W, largest integer weight
   * @param minSamples fewest training examples with which a site may take part
   * @param smallCell counts below it are never released
   */
  public record Protection(
      Mode mode, double clip, double range, int weightMax, int minSamples, int smallCell) {
    public Protection {
      check(clip > 0 && clip <= 1e6, "clip must be in (0, 1e6]", clip);
      check(
          range >= 0x1p-20 && range <= 0x1p20 && Math.scalb(1.0, Math.getExponent(range)) == range,
          "range must be a power of two",
          range);
      check(
          weightMax >= 1 && weightMax <= Limits.WEIGHT_MAX,
          "weightMax must be 1-" + Limits.WEIGHT_MAX,
          weightMax);
      check(minSamples >= 1 && minSamples <= 1_000_000, "minSamples must be 1-1e6", minSamples);
      check(smallCell >= 5 && smallCell <= 1000, "smallCell must be 5-1000", smallCell);
    }
  }

  /**
   * Who takes part, and how long a round waits.
   *
   * @param sites sites asked, sorted
   * @param quorum fewest accepted updates for a round to count
   * @param deadline when late updates stop counting
   */
  public record Participation(List<SiteId> sites, int quorum, Duration deadline) {
    public Participation {
      check(new TreeSet<>(sites).size() == sites.size(), "sites must be distinct", sites.size());
      sites = sites.stream().sorted().toList();
      check(
          sites.size() >= Limits.PARTICIPANTS_MIN && sites.size() <= Limits.PARTICIPANTS_MAX,
          "sites must be %d-%d".formatted(Limits.PARTICIPANTS_MIN, Limits.PARTICIPANTS_MAX),
          sites.size());
      check(
          quorum >= Limits.PARTICIPANTS_MIN && quorum <= sites.size(),
          "quorum must be %d-%d".formatted(Limits.PARTICIPANTS_MIN, sites.size()),
          quorum);
      check(
          deadline.toMillis() >= 1000 && deadline.compareTo(Limits.DEADLINE_MAX) <= 0,
          "deadline must be 1 s to 14 d, in milliseconds",
          deadline.toMillis());
    }
  }

  /**
   * How drift is watched.
   *
   * @param detector cusum or none
   * @param falseAlarmsPerYear false alarms that the consortium accepts a year, over all centres
   * @param windowsPerYear monitoring windows a year, which turns the above into a threshold
   * @param windows monitoring windows that follow the last round; 0 is none
   * @param action alert
   */
  public record Monitoring(
      String detector,
      double falseAlarmsPerYear,
      double windowsPerYear,
      int windows,
      String action) {
    public Monitoring {
      check(Set.of("cusum", "none").contains(detector), "detector must be cusum or none", detector);
      check(
          falseAlarmsPerYear > 0 && falseAlarmsPerYear <= 1000,
          "falseAlarmsPerYear must be in (0, 1000]",
          falseAlarmsPerYear);
      check(
          windowsPerYear >= 1 && windowsPerYear <= 1e6,
          "windowsPerYear must be 1-1e6",
          windowsPerYear);
      check(
          windows >= 0 && windows <= Limits.WINDOWS_MAX,
          "windows must be 0-" + Limits.WINDOWS_MAX,
          windows);
      check(action.equals("alert"), "action must be alert", action);
    }
  }

  static void check(boolean legal, String rule, Object seen) {
    if (!legal) {
      throw new IllegalArgumentException(rule + ", got " + Limits.printable(String.valueOf(seen)));
    }
  }
}
