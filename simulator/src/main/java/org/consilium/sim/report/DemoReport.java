package org.consilium.sim.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * All that a demonstration measured. Seconds count from its start; AUROCs are of the positive
 * class.
 *
 * @param head what was run
 * @param rounds closed rounds in order
 * @param sites in order of name
 * @param together the same on all sites' test cases, and the means
 * @param timeline events in order
 * @param processes each run of each process
 * @param samples some test cases with the model's opinion
 * @param qualities what else each model is worth on each set of cases; may be empty
 * @param drawn one a site where pixels are judged; else empty
 */
public record DemoReport(
    Head head,
    List<RoundLine> rounds,
    List<SiteLine> sites,
    Together together,
    List<Event> timeline,
    List<ProcessLine> processes,
    List<Sample> samples,
    List<Quality> qualities,
    List<DrawnLine> drawn) {
  public DemoReport {
    drawn = List.copyOf(drawn);
    qualities = List.copyOf(qualities);
    rounds = List.copyOf(rounds);
    sites = List.copyOf(sites);
    timeline = List.copyOf(timeline);
    processes = List.copyOf(processes);
    samples = List.copyOf(samples);
  }

  /** Of pictures with one class each. */
  public DemoReport(
      Head head,
      List<RoundLine> rounds,
      List<SiteLine> sites,
      Together together,
      List<Event> timeline,
      List<ProcessLine> processes,
      List<Sample> samples,
      List<Quality> qualities) {
    this(head, rounds, sites, together, timeline, processes, samples, qualities, List.of());
  }

  /**
   * Mean Dice of each model on one site's held-back images; absent where a model was not made.
   *
   * @param training images to train on
   * @param chosenBy images that the site chooses by
   * @param heldBack images that are judged here
   * @param kept of the model that the site keeps
   * @param choice which that is: global, personal or local-only; empty for none
   */
  public record DrawnLine(
      String site,
      int training,
      int chosenBy,
      int heldBack,
      Optional<Double> alone,
      Optional<Double> pooled,
      Optional<Double> global,
      Optional<Double> personal,
      Optional<Double> kept,
      String choice) {}

  /**
   * What was run.
   *
   * @param modelDigest SHA-256 of the best model's file
   * @param bestRound round that made it
   * @param machine cores, processor, memory, Java
   * @param label what must be said of the images wherever they are shown
   * @param words what else differs between a demonstration and a run on one's own cases
   */
  public record Head(
      String study,
      String title,
      String scenario,
      long seed,
      double wallSeconds,
      String modelDigest,
      int bestRound,
      long parameters,
      String plan,
      String machine,
      String label,
      Words words) {}

  /**
   * Sentences of the page that depend on whose cases were used.
   *
   * @param banner follows the label in the banner
   * @param positive of cases of class 1, for example "with a lesion"
   * @param convergence follows the explanation of the curves
   * @param tests where the cases that models are compared on come from
   * @param own title of the comparison at each centre
   * @param all title of the comparison on common cases, without their number
   * @param simulated what was simulated
   * @param measure what rounds are measured by: AUROC or Dice
   */
  public record Words(
      String banner,
      String positive,
      String convergence,
      String tests,
      String own,
      String all,
      String simulated,
      String measure) {
    /** The demonstration's. */
    public static final Words DEMONSTRATION =
        new Words(
            "The hospitals are simulated; the processes, encryption, training and numbers are real."
                + " This shows that the machinery works. It supports no clinical claim.",
            "with a lesion",
            "Together the centres have four times the cases of one.",
            "Test cases come from slabs of the head that no training or validation case touches.",
            "On each centre's own test cases",
            "On all centres' test cases",
            "the lesions, the scanners' differences and the hospitals. The anatomy is one real"
                + " head, averaged from many scans of one person.",
            "AUROC");
  }

  /**
   * What one model is worth on one set of cases.
   *
   * @param model for example {@code global} or {@code site-1 alone}
   * @param cases for example {@code site-1} or {@code common}
   * @param auroc empty when a class is missing
   * @param balancedAccuracy likewise
   */
  public record Quality(
      String model,
      String cases,
      int count,
      Optional<Score> auroc,
      Score accuracy,
      Optional<Score> balancedAccuracy) {}

  /**
   * One round.
   *
   * @param start seconds
   * @param seconds how long it took
   * @param accepted updates counted
   * @param missing sites of the roster without an accepted update
   * @param global the measure by site, as released from its own hold-out
   * @param localOnly likewise for the model it trained alone
   * @param weights by site, share of the mean
   * @param remarks by site, what a robust rule did with its update, or what is odd about it
   */
  public record RoundLine(
      int number,
      double start,
      double seconds,
      int accepted,
      List<String> missing,
      String modelVersion,
      Map<String, Double> global,
      Map<String, Double> localOnly,
      Map<String, Double> weights,
      Map<String, String> remarks) {}

  /** An estimate, mostly an AUROC, with its 95 % interval. */
  public record Score(double value, double low, double high) {}

  /**
   * One site.
   *
   * @param differs how its data differ, in words
   * @param samples training examples
   * @param positives of them with a lesion
   * @param own on its own test cases
   * @param localOnAll its local-only model on all sites' test cases
   */
  public record SiteLine(
      String id,
      String differs,
      int samples,
      int positives,
      Models own,
      Optional<Score> localOnAll,
      Drift drift,
      long bytesUp,
      long bytesDown) {}

  /**
   * The models that are compared on one set of cases; absent where one was not made.
   *
   * @param random the same federation, but from random values instead of a pre-trained start
   */
  public record Models(
      Optional<Score> localOnly,
      Optional<Score> global,
      Optional<Score> pooled,
      Optional<Score> random) {
    /** Where the start was random anyway. */
    public Models(Optional<Score> localOnly, Optional<Score> global, Optional<Score> pooled) {
      this(localOnly, global, pooled, Optional.empty());
    }
  }

  /**
   * What the coordinator's detectors said of a site.
   *
   * @param verdict INSUFFICIENT, STABLE, SUSPECTED or CONFIRMED
   * @param firstAlarmWindow 0 for none
   * @param onsetWindow window from which its scanner really degraded; 0 for never
   */
  public record Drift(
      String verdict, int firstAlarmWindow, int onsetWindow, List<DriftPoint> points) {
    public Drift {
      points = List.copyOf(points);
    }
  }

  /** One observation of a detector. */
  public record DriftPoint(
      int window, String quantity, double shift, double statistic, double threshold) {}

  /**
   * Means over the sites, and the union of their test cases.
   *
   * @param localOnlyMean mean over sites, each on its own test cases
   * @param globalMean likewise
   * @param pooledMean likewise, empty when the pooled model was not trained
   * @param randomMean likewise, of the federation from random values
   * @param localOnlyMeanOnAll mean of the local-only models on all sites' test cases
   * @param onAll global and pooled on all sites' test cases
   * @param testCases number of them; 0 where only the sites judged, on their own hold-outs
   */
  public record Together(
      Optional<Double> localOnlyMean,
      Optional<Double> globalMean,
      Optional<Double> pooledMean,
      Optional<Double> randomMean,
      Optional<Double> localOnlyMeanOnAll,
      Models onAll,
      int testCases) {
    /** Where the start was random anyway. */
    public Together(
        Optional<Double> localOnlyMean,
        Optional<Double> globalMean,
        Optional<Double> pooledMean,
        Optional<Double> localOnlyMeanOnAll,
        Models onAll,
        int testCases) {
      this(
          localOnlyMean,
          globalMean,
          pooledMean,
          Optional.empty(),
          localOnlyMeanOnAll,
          onAll,
          testCases);
    }
  }

  /** Mean over the lines that have a value; empty if none has. */
  public static <T> Optional<Double> mean(List<T> lines, Function<T, Optional<Double>> value) {
    OptionalDouble mean =
        lines.stream().flatMap(l -> value.apply(l).stream()).mapToDouble(v -> v).average();
    return mean.isPresent() ? Optional.of(mean.getAsDouble()) : Optional.empty();
  }

  /** Something worth a line. Kind: round, start, kill, restart, drift, study, note. */
  public record Event(double at, String kind, String subject, String text) {}

  /** One run of a process. */
  public record ProcessLine(
      String role,
      String site,
      long pid,
      double from,
      double to,
      OptionalLong peakRssKib,
      boolean killed) {}

  /**
   * One test case.
   *
   * @param label 1 with lesion
   * @param probability the global model's
   * @param side width and height
   * @param pixels grey, row by row
   * @param mask non-zero where the lesion is
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  public record Sample(
      String site, int label, double probability, int side, byte[] pixels, byte[] mask) {}
}
