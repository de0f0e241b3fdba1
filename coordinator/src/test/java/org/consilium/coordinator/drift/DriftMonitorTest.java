package org.consilium.coordinator.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.consilium.coordinator.drift.DriftMonitor.Verdict;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.junit.jupiter.api.Test;

final class DriftMonitorTest {
  private static final SiteId A = new SiteId("site-a");
  private static final SiteId B = new SiteId("site-b");

  @Test
  void threshold_oneFalseAlarmAYearOverAllStreams() {
    // 52 windows a year, 2 streams at each of 2 sites: a stream may alarm every 208 windows.
    DriftMonitor monitor = DriftMonitor.of(plan());

    assertThat(Cusum.averageRunLength(monitor.threshold())).isCloseTo(208, within(1e-6));
  }

  @Test
  void observe_steadyShift_suspectedThenConfirmedAndStays() {
    DriftMonitor monitor = DriftMonitor.of(plan());
    assertThat(monitor.evidence(A).verdict()).isEqualTo(Verdict.INSUFFICIENT);
    monitor = monitor.observe(A, report(1, 0.2));
    assertThat(monitor.evidence(A).verdict()).isEqualTo(Verdict.STABLE);

    // S grows by 1.5 - 0.5 a window: above h/2 (about 1.8) in the 2nd, above h (about 3.5) in the
    // 4th.
    for (int window = 2; window <= 5; window++) {
      monitor = monitor.observe(A, report(window, 1.5));
      assertThat(monitor.evidence(A).verdict())
          .isEqualTo(
              window == 2 ? Verdict.STABLE : window < 5 ? Verdict.SUSPECTED : Verdict.CONFIRMED);
    }
    for (int window = 6; window <= 20; window++) {
      monitor = monitor.observe(A, report(window, -5));
    }

    assertThat(monitor.evidence(A).verdict()).isEqualTo(Verdict.CONFIRMED);
    assertThat(monitor.evidence(A).firstAlarm()).isEqualTo(OptionalInt.of(5));
    assertThat(monitor.evidence(B).verdict()).isEqualTo(Verdict.INSUFFICIENT);
  }

  @Test
  void observe_wildWindow_contributesAtMostTen() {
    DriftMonitor monitor = DriftMonitor.of(plan()).observe(A, report(1, 1e6));

    assertThat(monitor.evidence(A).points().getLast().shift()).isEqualTo(10);
    assertThat(monitor.evidence(A).points().getLast().statistic()).isEqualTo(9.5);
  }

  @Test
  void observe_reportWithoutShift_isNotFedAsZero() {
    DriftMonitor monitor = DriftMonitor.of(plan());
    ValidationReport empty =
        new ValidationReport(
            new RoundId(new StudyId("pneumonia"), 1), 1, version(), 0, 0, List.of());

    assertThat(monitor.observe(A, empty).evidence(A).verdict()).isEqualTo(Verdict.INSUFFICIENT);
  }

  private static ValidationReport report(int window, double shift) {
    return new ValidationReport(
        new RoundId(new StudyId("pneumonia"), 1),
        window,
        version(),
        50,
        50,
        List.of(
            new Measure(
                Subject.GLOBAL, Cases.WINDOW, Quantity.LOG_LOSS_SHIFT, shift, shift, shift)));
  }

  private static ModelVersion version() {
    return new ModelVersion(Digest.sha256(new byte[0]));
  }

  private static StudyPlan plan() {
    return new StudyPlan(
        new StudyId("pneumonia"),
        "Pneumonia",
        new ModelSpec("synthetic", 1, 8, 8, 1, 100),
        Optional.empty(),
        new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            8,
            new Training.Optimiser("adamw", 0.01, 0.0, 0, 0, 1),
            new Training.Schedule(1.0, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        org.consilium.protocol.Aggregation.FEDAVG,
        new StudyPlan.Protection(new Exposure.Sealed(), 100, 8, 16, 10, 11),
        new StudyPlan.Participation(List.of(A, B), 2, Duration.ofMinutes(10)),
        new StudyPlan.Monitoring("cusum", 1, 52, 20, "alert"),
        List.of("negative", "positive"),
        "auroc",
        42,
        1);
  }
}
