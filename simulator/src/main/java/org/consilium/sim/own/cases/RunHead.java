package org.consilium.sim.own.cases;

import java.util.Locale;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.report.DemoReport;

/** The head of a run's report: the same for every kind of question. */
record RunHead(RunOptions options, StudyPlan plan, StudyView end, Timeline timeline) {
  static final String LABEL =
      "your own cases on this machine, shared out among simulated hospitals";

  DemoReport.Head with(long parameters, DemoReport.Words words) {
    StudyView.Model best = end.best().orElseThrow();
    return new DemoReport.Head(
        plan.study().value(),
        plan.title(),
        options.partition().words(),
        options.seed(),
        timeline.now(),
        best.version(),
        best.round(),
        parameters,
        words(plan),
        Machine.describe(),
        LABEL,
        words);
  }

  /** Rule, length, model and what is special of a plan, in one line. */
  static String words(StudyPlan plan) {
    StringBuilder words = new StringBuilder(plan.aggregation().rule().word());
    if (plan.aggregation().rule() == Aggregation.Rule.FEDAVG && plan.training().proximalMu() > 0) {
      words.append(" with a proximal term, μ = ").append(plan.training().proximalMu());
    }
    int steps = plan.training().localSteps();
    words.append(
        ", %d rounds of %s, batch %d, %s"
            .formatted(
                plan.rounds(),
                steps > 0 ? steps + " steps" : plan.training().localEpochs() + " local epoch(s)",
                plan.training().batchSize(),
                plan.model().architecture()));
    plan.foundation().ifPresent(f -> words.append(" from ").append(f.name()));
    if (plan.tuning().regime() != StudyPlan.Tuning.Regime.FULL) {
      String regime = plan.tuning().regime().name().toLowerCase(Locale.ROOT);
      words.append(", ").append(regime.replace('_', '-'));
    }
    String personal = plan.training().personal().method();
    if (!personal.equals("none")) {
      words.append(", personal models by ").append(personal);
    }
    return words
        .append(", %s updates".formatted(plan.protection().mode().name().toLowerCase(Locale.ROOT)))
        .toString();
  }
}
