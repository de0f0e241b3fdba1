package org.consilium.coordinator.study;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/** A small legal plan for tests, and what tests vary of it. */
public record TestPlan(
    List<SiteId> sites,
    int quorum,
    int rounds,
    int windows,
    long parameters,
    Duration deadline,
    Aggregation aggregation) {

  public static TestPlan of(List<SiteId> sites) {
    return new TestPlan(
        sites, sites.size(), 2, 1, 300_000, Duration.ofMinutes(10), Aggregation.FEDAVG);
  }

  /** With these sites, all of which must answer. */
  TestPlan sites(List<SiteId> other) {
    return new TestPlan(other, other.size(), rounds, windows, parameters, deadline, aggregation);
  }

  TestPlan quorum(int other) {
    return new TestPlan(sites, other, rounds, windows, parameters, deadline, aggregation);
  }

  TestPlan rounds(int other, int otherWindows) {
    return new TestPlan(sites, quorum, other, otherWindows, parameters, deadline, aggregation);
  }

  TestPlan parameters(long other) {
    return new TestPlan(sites, quorum, rounds, windows, other, deadline, aggregation);
  }

  TestPlan aggregation(Aggregation other) {
    return new TestPlan(sites, quorum, rounds, windows, parameters, deadline, other);
  }

  public StudyPlan plan() {
    return new StudyPlan(
        new StudyId("pneumonia"),
        "Pneumonia on chest images",
        new ModelSpec("synthetic", 1, 8, 8, 1, parameters),
        Optional.empty(),
        new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            8,
            new Training.Optimiser("sgd", 0.01, 0.0, 0, 0, 1),
            new Training.Schedule(1.0, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        aggregation,
        new StudyPlan.Protection(new Exposure.Sealed(), 100, 8, 16, 10, 11),
        new StudyPlan.Participation(sites, quorum, deadline),
        new StudyPlan.Monitoring("cusum", 1, 52, windows, "alert"),
        List.of("negative", "positive"),
        "auroc",
        42,
        rounds);
  }

  /** The same, late updates being carried. */
  StudyPlan carrying(Late.Carry carry) {
    StudyPlan p = plan();
    StudyPlan.Participation who = new StudyPlan.Participation(sites, quorum, deadline, carry);
    return new StudyPlan(
        p.study(),
        p.title(),
        p.model(),
        p.foundation(),
        p.task(),
        p.tuning(),
        p.training(),
        p.aggregation(),
        p.protection(),
        who,
        p.monitoring(),
        p.labels(),
        p.select(),
        p.seed(),
        p.rounds());
  }
}
