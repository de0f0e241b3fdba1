package org.consilium.protocol;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A study's fixed settings. Sites approve the digest of its serialized form, so no field of it can
 * change once a site has agreed.
 *
 * @param study name
 * @param title one line for people
 * @param model what is trained
 * @param foundation the parameters it starts from; empty starts from the seed
 * @param task what the outputs mean, and the loss
 * @param tuning which parameters are trained, and which of them travel
 * @param training how a site trains
 * @param aggregation how accepted updates become a server step
 * @param protection what hides a delta, and its bounds
 * @param participation who takes part, and how long a round waits
 * @param monitoring how drift is watched
 * @param labels class names; two for a single logit: negative, positive
 * @param select metric that chooses the best model version: {@code auroc} or {@code loss}; {@code
 *     dice} for segmentation, {@code loss} without labels
 * @param seed root of every random choice that is not a secret
 * @param rounds rounds to run
 */
public record StudyPlan(
    StudyId study,
    String title,
    ModelSpec model,
    Optional<Foundation> foundation,
    Task task,
    Tuning tuning,
    Training training,
    Aggregation aggregation,
    Protection protection,
    Participation participation,
    Monitoring monitoring,
    List<String> labels,
    String select,
    long seed,
    int rounds) {

  /** Fewest examples of a step in which they are compared with one another. */
  private static final int COMPARED_MIN = 16;

  public StudyPlan {
    labels = List.copyOf(labels);
    check(
        !title.isBlank() && title.length() <= Limits.TEXT_CHARS_MAX,
        "title must have 1-400 characters",
        title.length());
    int expected =
        task.type() != Task.Type.MULTILABEL && model.classes() == 1 ? 2 : model.classes();
    check(
        labels.size() == expected, "labels must be " + expected + " for this model", labels.size());
    String better =
        switch (task.type()) {
          case CLASSIFICATION, MULTILABEL, IMAGE_TEXT -> "auroc";
          case SEGMENTATION -> "dice";
          case MASKED, CONTRASTIVE -> "loss";
        };
    check(
        select.equals(better) || (select.equals("loss") && task.type() != Task.Type.SEGMENTATION),
        "select must be " + better + (better.equals("auroc") ? " or loss" : ""),
        select);
    check(
        !select.equals("loss") || !task.correction().equals("prior"),
        "select must not be loss under correction prior: no site's prevalence is the model's",
        select);
    Encoding encoding = protection.exposure().encoding();
    check(
        !encoding.narrow()
            || (aggregation.rule() != Aggregation.Rule.FEDNOVA
                && aggregation.rule() != Aggregation.Rule.SCAFFOLD),
        "encoding must be full under fednova and scaffold: their vectors hold more than a delta",
        encoding.word());
    boolean masked = protection.mode() == Mode.MASKED;
    check(
        !masked || participation.quorum() >= Participation.HIDING_MIN,
        "quorum must be at least %d under masking: a sum of two hides nobody"
            .formatted(Participation.HIDING_MIN),
        participation.quorum());
    int sites = participation.sites().size();
    check(
        !masked || sites <= Limits.PAIRED_PARTICIPANTS_MAX,
        "sites must be at most %d under masking, where each agrees with each; sealed takes %d"
            .formatted(Limits.PAIRED_PARTICIPANTS_MAX, Limits.PARTICIPANTS_MAX),
        sites);
    Combination.require(aggregation, training, protection);
    Combination.requireRobust(aggregation, protection, participation);
    Late.require(participation, aggregation, protection);
    protection.patients().ifPresent(p -> p.require(task, aggregation, training));
    if (protection.central().isPresent()) {
      CentralPrivacy.require(aggregation, protection);
    }
    boolean compared = task.type() == Task.Type.CONTRASTIVE || task.type() == Task.Type.IMAGE_TEXT;
    check(
        !compared || training.batchSize() >= COMPARED_MIN,
        "batchSize must be at least %d for this task: examples are told from one another"
            .formatted(COMPARED_MIN),
        training.batchSize());
    check(
        rounds >= 1 && rounds <= Limits.ROUNDS_MAX,
        "rounds must be 1-" + Limits.ROUNDS_MAX,
        rounds);
  }

  /**
   * Parameters that were trained before, elsewhere: a safetensors file in the architecture's own
   * names.
   *
   * @param name for people, 1-80 of a-z, 0-9, dot and hyphen
   * @param version SHA-256 of the file
   * @param fileBytes length of the file
   */
  public record Foundation(String name, ModelVersion version, long fileBytes) {
    public Foundation {
      check(
          name.matches("[a-z0-9][a-z0-9.-]{0,79}"),
          "foundation.name must be 1-80 of [a-z0-9.-]",
          name);
      check(
          fileBytes > 0 && fileBytes <= 5L * Limits.PARAMETERS_MAX,
          "foundation.bytes must be positive and at most 10 GiB",
          fileBytes);
    }
  }

  /**
   * What the outputs mean.
   *
   * @param type kind of question
   * @param correction what the loss does about rare classes: none, balanced (each class weighs the
   *     same), or prior (logit adjustment by the site's own prevalence; Menon et al. 2021); about
   *     texts that say the same: soft (they are right for one another's images)
   */
  public record Task(Type type, String correction) {
    public Task {
      check(
          Set.of("none", "balanced", "prior", "soft").contains(correction),
          "correction must be none, balanced, prior or soft",
          correction);
      check(
          correction.equals("none")
              || (type == Type.IMAGE_TEXT && correction.equals("soft"))
              || (type == Type.CLASSIFICATION && !correction.equals("soft"))
              || (type == Type.MULTILABEL && correction.equals("balanced")),
          "correction must be none for this task",
          correction);
    }

    /** Kind of question. */
    public enum Type {
      /** One class an image. */
      CLASSIFICATION,
      /** Any number of findings an image, each known or unknown at a site. */
      MULTILABEL,
      /** One class a pixel. */
      SEGMENTATION,
      /** Masked patches are to be filled in; no labels (He et al. 2022). */
      MASKED,
      /** Two views of an image are to be found alike; no labels (Chen et al. 2020). */
      CONTRASTIVE,
      /** Images and their reports are to be found alike (Radford et al. 2021). */
      IMAGE_TEXT
    }
  }

  /**
   * Which parameters are trained, and which of them travel. All others keep the values that the
   * study starts from.
   *
   * @param regime which are trained
   * @param lastBlocks k of {@link Regime#LAST_BLOCKS}, otherwise 0
   * @param rank r of an adapter, otherwise 0
   * @param alpha numerator of an adapter's factor α/r, otherwise 0
   * @param local which trained parameters stay at the site
   */
  public record Tuning(Regime regime, int lastBlocks, int rank, double alpha, Local local) {
    /** Everything is trained and travels. */
    public static final Tuning FULL = new Tuning(Regime.FULL, 0, 0, 0, Local.NOTHING);

    public Tuning {
      boolean adapter = regime == Regime.FFA_LORA || regime == Regime.LORA;
      check(
          regime == Regime.LAST_BLOCKS ? lastBlocks >= 1 && lastBlocks <= 64 : lastBlocks == 0,
          "tuning.blocks must be 1-64 for last-blocks and left out otherwise",
          lastBlocks);
      check(
          adapter ? rank >= 1 && rank <= 256 : rank == 0,
          "tuning.rank must be 1-256 for an adapter and left out otherwise",
          rank);
      check(
          adapter ? alpha > 0 && alpha <= 1024 : alpha == 0,
          "tuning.alpha must be in (0, 1024] for an adapter and left out otherwise",
          alpha);
      check(
          local != Local.HEAD || regime != Regime.PROBE,
          "tuning.local must not be head for probe: nothing would travel",
          local);
    }

    /** Which parameters are trained. */
    public enum Regime {
      /** All. */
      FULL,
      /** The head alone, on fixed embeddings. */
      PROBE,
      /** The last blocks, the last normalisation and the head. */
      LAST_BLOCKS,
      /** Low-rank adapters, of which only B is trained (Sun et al. 2024), and the head. */
      FFA_LORA,
      /** Low-rank adapters (Hu et al. 2022), both factors, and the head. */
      LORA,
      /** Biases, normalisations and the head (Ben Zaken et al. 2022). */
      BITFIT
    }

    /** Which trained parameters stay at the site. */
    public enum Local {
      NOTHING,
      /** The head (Arivazhagan et al. 2019): sites with other labels share one body. */
      HEAD,
      /** The normalisations (Li et al. 2021, FedBN). */
      NORMS
    }
  }

  /** What hides a single site's delta. */
  public enum Mode {
    /** Encrypted to the study's aggregation key: the aggregator's operator can read it. */
    SEALED,
    /** Hidden by masks that cancel in the sum: the coordinator sees the sum alone. */
    MASKED
  }

  /**
   * The bounds of what leaves a site.
   *
   * @param exposure who can read a single site's delta
   * @param clip S, largest L2 norm of a delta
   * @param range C, largest magnitude of one coordinate, a power of two
   * @param weightMax W, largest integer weight
   * @param minSamples fewest training examples with which a site may take part
   * @param smallCell counts below it are never released
   * @param patients noise that hides each patient from everybody; empty is none
   * @param central noise that the coordinator adds to the sum; empty is none
   */
  public record Protection(
      Exposure exposure,
      double clip,
      double range,
      int weightMax,
      int minSamples,
      int smallCell,
      Optional<PatientPrivacy> patients,
      Optional<CentralPrivacy> central) {
    /** Bounds alone, without noise. */
    public Protection(
        Exposure exposure,
        double clip,
        double range,
        int weightMax,
        int minSamples,
        int smallCell) {
      this(
          exposure,
          clip,
          range,
          weightMax,
          minSamples,
          smallCell,
          Optional.empty(),
          Optional.empty());
    }

    /** The same with noise. */
    public Protection with(PatientPrivacy noise) {
      return new Protection(
          exposure, clip, range, weightMax, minSamples, smallCell, Optional.of(noise), central);
    }

    /** The same with noise that the coordinator adds. */
    public Protection with(CentralPrivacy noise) {
      return new Protection(
          exposure, clip, range, weightMax, minSamples, smallCell, patients, Optional.of(noise));
    }

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

    /** What hides a delta, in a word. */
    public Mode mode() {
      return exposure.mode();
    }
  }

  /**
   * Who takes part, and how long a round waits.
   *
   * @param sites sites asked, sorted
   * @param quorum fewest accepted updates for a round to count
   * @param deadline when late updates stop counting
   * @param late what becomes of those
   */
  public record Participation(List<SiteId> sites, int quorum, Duration deadline, Late late) {
    /** Fewest sites in a masked sum. */
    public static final int HIDING_MIN = 3;

    /** Late updates are discarded. */
    public Participation(List<SiteId> sites, int quorum, Duration deadline) {
      this(sites, quorum, deadline, Late.DISCARD);
    }

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
