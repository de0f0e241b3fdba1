package org.consilium.sim.own;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/** A small legal plan of two sites, for tests of runs on one's own cases. */
public final class OwnPlan {
  private OwnPlan() {}

  /** A plan for that model and question; a site needs 10 training cases, a cell 11. */
  public static StudyPlan of(
      ModelSpec model,
      Optional<StudyPlan.Foundation> foundation,
      StudyPlan.Task.Type task,
      List<String> labels) {
    return new StudyPlan(
        new StudyId("own"),
        "Own cases",
        model,
        foundation,
        new StudyPlan.Task(task, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            16,
            new Training.Optimiser("adamw", 0.002, 0, 0, 1, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        Aggregation.FEDAVG,
        new StudyPlan.Protection(new Exposure.Sealed(), 5, 8, 64, 10, 11),
        new StudyPlan.Participation(
            List.of(new SiteId("site-1"), new SiteId("site-2")), 2, Duration.ofMinutes(5)),
        new StudyPlan.Monitoring("none", 1, 52, 0, "alert"),
        labels,
        task == StudyPlan.Task.Type.MASKED ? "loss" : "auroc",
        1,
        2);
  }
}
