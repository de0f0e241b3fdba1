package org.consilium.coordinator.study;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Quantity;

/**
 * All that the coordinator knows of a study at one moment; immutable.
 *
 * @param plan settings
 * @param digest SHA-256 of the plan's bytes
 * @param state where it stands
 * @param detail one line for people: why it is paused or failed, else empty
 * @param round round in progress, or the last one; 0 before the first
 * @param window monitoring window in progress, or the last one; 0 before the first
 * @param opened when the round or window in progress was opened
 * @param deadline when late work stops counting
 * @param sites one a site of the plan, sorted
 * @param rounds closed rounds and the open one, in order
 * @param windows closed monitoring windows and the open one, in order
 * @param models published versions in order; the first is the initial one (round 0)
 * @param best the version that the plan's metric chooses
 * @param latest what each centre said last
 */
public record StudySnapshot(
    StudyPlan plan,
    Digest digest,
    State state,
    String detail,
    int round,
    int window,
    Optional<Instant> opened,
    Optional<Instant> deadline,
    List<SiteStatus> sites,
    List<RoundSummary> rounds,
    List<WindowSummary> windows,
    List<PublishedModel> models,
    Optional<PublishedModel> best,
    LatestScores latest) {

  /** With what its own rounds say each centre said last. */
  public StudySnapshot(
      StudyPlan plan,
      Digest digest,
      State state,
      String detail,
      int round,
      int window,
      Optional<Instant> opened,
      Optional<Instant> deadline,
      List<SiteStatus> sites,
      List<RoundSummary> rounds,
      List<WindowSummary> windows,
      List<PublishedModel> models,
      Optional<PublishedModel> best) {
    this(
        plan,
        digest,
        state,
        detail,
        round,
        window,
        opened,
        deadline,
        sites,
        rounds,
        windows,
        models,
        best,
        rounds.stream()
            .map(RoundSummary::reports)
            .reduce(LatestScores.NONE, LatestScores::and, (_, later) -> later));
  }

  public StudySnapshot {
    sites = List.copyOf(sites);
    rounds = List.copyOf(rounds);
    windows = List.copyOf(windows);
    models = List.copyOf(models);
  }

  /** The last round that made a model. */
  public Optional<RoundSummary> lastCombined() {
    return rounds.reversed().stream().filter(r -> r.version().isPresent()).findFirst();
  }

  /** Where a study stands. */
  public enum State {
    /** Created; its sites have not all been heard, or it was not started. */
    AWAITING_SITES,
    RUNNING,
    /** The rounds are over; the released model is watched. */
    MONITORING,
    PAUSED,
    COMPLETED,
    FAILED
  }

  /** What a hospital answered to the study's proposal. */
  public enum Decision {
    PENDING,
    ACCEPTED,
    REFUSED
  }

  /** What the detectors say of a centre. */
  public enum Verdict {
    INSUFFICIENT,
    STABLE,
    SUSPECTED,
    CONFIRMED
  }

  /**
   * One site in a study.
   *
   * @param decision the hospital's answer
   * @param refusal why it refused, empty otherwise
   * @param samples training examples it declared
   * @param connected whether its stream is open
   * @param lastSeen its last ping
   * @param phase what it said it was doing, for example TRAINING
   * @param bytesUp sealed update bytes taken in over the study
   * @param bytesDown model bytes sent since this process started
   * @param drift verdict and evidence
   */
  public record SiteStatus(
      SiteId site,
      Decision decision,
      String refusal,
      int samples,
      boolean connected,
      Optional<Instant> lastSeen,
      String phase,
      long bytesUp,
      long bytesDown,
      DriftStatus drift) {}

  /**
   * What the detectors know of one centre.
   *
   * @param firstAlarmWindow window of the first alarm; 0 when there was none
   * @param points every observation fed, in order
   */
  public record DriftStatus(Verdict verdict, int firstAlarmWindow, List<DriftPoint> points) {
    public DriftStatus {
      points = List.copyOf(points);
    }
  }

  /**
   * One observation of a sequential detector.
   *
   * @param quantity AUROC_SHIFT or LOG_LOSS_SHIFT
   * @param shift standardised shift that was fed; positive is worse
   * @param statistic detector's statistic after it
   * @param threshold its alarm line
   */
  public record DriftPoint(
      int window, Quantity quantity, double shift, double statistic, double threshold) {}

  /**
   * One round.
   *
   * @param outcome OPEN, COMPLETED or ABANDONED
   * @param detail why it was abandoned, else empty
   * @param updates accepted updates by site
   * @param missing participants without an accepted update when it closed
   * @param late those of them whose update came all the same, after that
   * @param version what it published
   * @param reports accepted reports by site
   * @param handlings what a robust rule did with each site's update; empty without a rule
   * @param masking how far its masking is; empty where nothing is masked
   */
  public record RoundSummary(
      int number,
      int attempt,
      Outcome outcome,
      String detail,
      Instant opened,
      Optional<Instant> closed,
      Map<SiteId, UpdateFacts> updates,
      List<SiteId> missing,
      List<SiteId> late,
      Optional<ModelVersion> version,
      Map<SiteId, ValidationReport> reports,
      Map<SiteId, Handling> handlings,
      Optional<MaskingView> masking) {
    public RoundSummary {
      handlings = Map.copyOf(handlings);
      updates = Map.copyOf(updates);
      missing = List.copyOf(missing);
      late = List.copyOf(late);
      reports = Map.copyOf(reports);
    }

    /** Why it was abandoned, what its masking waits for, who is blamed, who came late. */
    public String words() {
      String after = late.isEmpty() ? "" : "came late: " + late;
      return Stream.of(detail, masking.map(MaskingView::words).orElse(""), after)
          .filter(line -> !line.isEmpty())
          .collect(Collectors.joining("; "));
    }

    /** What there is to say of a site's update, for people; empty when there is nothing. */
    public String remark(SiteId site) {
      List<String> words = new ArrayList<>();
      Handling handling = handlings.get(site);
      if (handling != null) {
        words.add(handling.words());
      }
      UpdateFacts facts = updates.get(site);
      if (facts != null) {
        facts.flags().forEach(flag -> words.add(flag.words()));
      }
      return String.join("; ", words);
    }
  }

  /** Something odd about an update; it counts all the same. */
  public sealed interface Flag {
    /** One line for people. */
    String words();

    /** Its name in metrics and in JSON. */
    String label();

    /** Nothing but zeros: the site may want the model without giving anything. */
    record NothingSent() implements Flag {
      @Override
      public String words() {
        return "changes nothing";
      }

      @Override
      public String label() {
        return "nothing_sent";
      }
    }

    /**
     * Much longer than the site's own before.
     *
     * @param sigmas deviations above the mean of its norms in earlier rounds
     */
    record UnusualNorm(double sigmas) implements Flag {
      @Override
      public String words() {
        return String.format(Locale.ROOT, "norm %.1f σ above its own before", sigmas);
      }

      @Override
      public String label() {
        return "unusual_norm";
      }
    }

    /**
     * Trained for an earlier round and too late for that one; it counts with a smaller weight.
     *
     * @param round the one it was trained for
     */
    record Carried(int round) implements Flag {
      @Override
      public String words() {
        return "carried from round " + round;
      }

      @Override
      public String label() {
        return "carried";
      }
    }

    /** All labels. */
    static List<String> labels() {
      return List.of("nothing_sent", "unusual_norm", "carried");
    }
  }

  /** How a round ended. */
  public enum Outcome {
    OPEN,
    COMPLETED,
    ABANDONED
  }

  /**
   * What is known of an accepted update without its content.
   *
   * @param weight integer weight
   * @param samples examples behind it
   * @param norm L2 norm, as measured by the coordinator
   * @param trainingLoss as declared
   * @param bytes sealed bytes
   * @param flags what is odd about it
   */
  public record UpdateFacts(
      Digest digest,
      int weight,
      int samples,
      double norm,
      double trainingLoss,
      long bytes,
      List<Flag> flags) {
    public UpdateFacts {
      flags = List.copyOf(flags);
    }
  }

  /** One monitoring window and the reports on it. */
  public record WindowSummary(
      int number,
      Instant opened,
      Optional<Instant> closed,
      ModelVersion model,
      Map<SiteId, ValidationReport> reports) {
    public WindowSummary {
      reports = Map.copyOf(reports);
    }
  }

  /**
   * One published model version.
   *
   * @param round the round that made it; 0 for the initial parameters
   * @param parent the version it was made from; empty for the initial one
   * @param fileBytes length of its file
   * @param score mean over the sites of the plan's selecting metric, once reported
   * @param published when
   */
  public record PublishedModel(
      int round,
      ModelVersion version,
      Optional<ModelVersion> parent,
      long fileBytes,
      Optional<Double> score,
      Instant published) {}
}
