package org.consilium.coordinator.web;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.study.StudyCatalogue;
import org.consilium.coordinator.study.StudyFile;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.Decision;
import org.consilium.coordinator.study.StudySnapshot.DriftPoint;
import org.consilium.coordinator.study.StudySnapshot.DriftStatus;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.coordinator.study.StudySnapshot.PublishedModel;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.coordinator.study.StudySnapshot.UpdateFacts;
import org.consilium.coordinator.study.StudySnapshot.Verdict;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** A hand-made study in mid-run, kept in memory: what the pages and the metrics are tested with. */
public final class SampleStudies implements StudyCatalogue {
  private static final Instant START = Instant.parse("2026-03-01T10:00:00Z");
  private static final List<String> SITES = List.of("north", "south", "east", "west");
  private static final int ROUNDS = 12;

  private final List<StudySnapshot> studies = new ArrayList<>();
  private final Path modelFile;

  /** One study whose title tries to break out of the page. */
  public SampleStudies(Path modelFile) throws YamlRefused {
    this.modelFile = modelFile;
    studies.add(snapshot(plan()));
  }

  static StudyPlan plan() throws YamlRefused {
    return StudyFile.parse(
        """
        metadata: {name: mri-lesions, title: "MRI lesions <script>alert('x')</script>"}
        spec:
          model: {architecture: resnet-gn, height: 64, width: 64}
          task: {labels: [absent, present]}
          algorithm: {name: fedprox, rounds: 12, robust: {rule: norm-clip}}
          privacy: {mode: sealed, dp: {epsilon: 8}}
          sites: {include: [north, south, east, west]}
          drift: {windows: 8}
        """);
  }

  private static StudySnapshot snapshot(StudyPlan plan) {
    List<RoundSummary> rounds = new ArrayList<>();
    List<PublishedModel> models = new ArrayList<>();
    for (int n = 1; n <= ROUNDS; n++) {
      rounds.add(round(plan.study(), n));
      models.add(
          new PublishedModel(
              n,
              version(n),
              Optional.of(version(n - 1)),
              1234,
              Optional.of(0.6 + 0.025 * n),
              START));
    }
    return new StudySnapshot(
        plan,
        Digest.sha256(new byte[] {7}),
        StudySnapshot.State.MONITORING,
        "",
        ROUNDS,
        6,
        Optional.of(START),
        Optional.of(START.plus(Duration.ofMinutes(30))),
        SITES.stream().map(s -> status(new SiteId(s))).toList(),
        rounds,
        List.of(),
        models,
        Optional.of(models.getLast()));
  }

  private static ModelVersion version(int round) {
    return new ModelVersion(Digest.sha256(new byte[] {(byte) round}));
  }

  private static RoundSummary round(StudyId study, int number) {
    Map<SiteId, UpdateFacts> updates = new HashMap<>();
    Map<SiteId, ValidationReport> reports = new HashMap<>();
    Map<SiteId, Handling> handlings = new HashMap<>();
    for (int i = 0; i < SITES.size(); i++) {
      SiteId site = new SiteId(SITES.get(i));
      updates.put(
          site,
          new UpdateFacts(
              Digest.sha256(new byte[] {1}),
              16 * (i + 1),
              120,
              i == 1 ? 9.2 : 1.5,
              0.3,
              1_228_000,
              i == 1 ? List.of(new Flag.UnusualNorm(6.1)) : List.of()));
      handlings.put(
          site,
          new Handling(
              i == 1 ? Handling.What.CLIPPED : Handling.What.KEPT,
              Handling.Measure.NORM,
              i == 1 ? 9.2 : 1.5,
              1.5));
      if (i < 3) { // west has too few cases: everything of it is suppressed
        double global = Math.min(0.97, 0.52 + 0.036 * number + 0.012 * i);
        double local = Math.min(0.91, 0.55 + 0.024 * number + 0.01 * i);
        reports.put(
            site,
            new ValidationReport(
                new RoundId(study, number),
                0,
                version(number),
                50,
                0,
                List.of(auroc(Subject.GLOBAL, global), auroc(Subject.LOCAL_ONLY, local))));
      }
    }
    return new RoundSummary(
        number,
        1,
        Outcome.COMPLETED,
        "",
        START,
        Optional.of(START.plusSeconds(60)),
        updates,
        List.of(),
        List.of(),
        Optional.of(version(number)),
        reports,
        handlings,
        Optional.empty());
  }

  private static Measure auroc(Subject subject, double value) {
    return new Measure(
        subject, Cases.HOLDOUT, Quantity.AUROC, value, value - 0.04, Math.min(1, value + 0.03));
  }

  private static SiteStatus status(SiteId site) {
    boolean south = site.value().equals("south");
    boolean west = site.value().equals("west");
    List<DriftPoint> points = new ArrayList<>();
    for (int window = 1; window <= 6 && !west; window++) {
      double statistic = south ? Math.max(0, 2.4 * (window - 3)) : 0.4 * (window % 3);
      points.add(new DriftPoint(window, Quantity.AUROC_SHIFT, 0, statistic, 4.77));
      points.add(new DriftPoint(window, Quantity.LOG_LOSS_SHIFT, 0, statistic * 0.8, 4.77));
    }
    Verdict verdict = west ? Verdict.INSUFFICIENT : south ? Verdict.CONFIRMED : Verdict.STABLE;
    return new SiteStatus(
        site,
        Decision.ACCEPTED,
        "",
        west ? 12 : 1024,
        !west,
        Optional.of(START),
        west ? "" : "VALIDATING",
        14_736_000,
        15_100_000,
        new DriftStatus(verdict, south ? 5 : 0, points));
  }

  @Override
  public List<StudySnapshot> list() {
    return List.copyOf(studies);
  }

  @Override
  public Optional<StudySnapshot> find(StudyId study) {
    return studies.stream().filter(s -> s.plan().study().equals(study)).findFirst();
  }

  @Override
  public StudySnapshot create(byte[] planBytes) throws StudyRefused {
    StudyPlan plan = org.consilium.protocol.wire.PlanCodec.decode(planBytes);
    if (find(plan.study()).isPresent()) {
      throw new StudyRefused(StudyRefused.Why.ALREADY_EXISTS, "there is a study " + plan.study());
    }
    StudySnapshot made = snapshot(plan);
    studies.add(made);
    return made;
  }

  @Override
  public StudySnapshot start(StudyId study) throws StudyRefused {
    return find(study)
        .orElseThrow(() -> new StudyRefused(StudyRefused.Why.NOT_FOUND, "no study " + study));
  }

  @Override
  public StudySnapshot pause(StudyId study, String reason) throws StudyRefused {
    return start(study);
  }

  @Override
  public StudySnapshot resume(StudyId study) throws StudyRefused {
    throw new StudyRefused(StudyRefused.Why.WRONG_STATE, study + " is not paused");
  }

  @Override
  public StudySnapshot stop(StudyId study, String reason) throws StudyRefused {
    return start(study);
  }

  @Override
  public Path modelFile(ModelVersion version) throws IOException {
    return modelFile;
  }
}
