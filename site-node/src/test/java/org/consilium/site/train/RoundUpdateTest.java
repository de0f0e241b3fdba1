package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.federated.ControlVariates;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.federated.RoundStart;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RoundUpdateTest {
  @TempDir Path folder;

  /** The synthetic site does 1 step; one of the round's most examples, 64 in batches of 16, 4. */
  @Test
  void train_fednova_sendsTheStretchedDeltaAndItsShareOfSteps() throws IOException {
    float[] plain = delta(Aggregation.FEDAVG, 1);

    float[] nova = delta(rule(Rule.FEDNOVA, Weighting.SAMPLES), 1);

    assertThat(nova).hasSize(plain.length + 1);
    assertThat(nova[plain.length]).isEqualTo(0.25f);
    for (int i = 0; i < plain.length; i++) {
      assertThat(nova[i]).isCloseTo(4 * plain[i], within(1e-6f));
    }
  }

  /** In the first round c and the site's own are 0: what is sent is (x − y)/1, and it is kept. */
  @Test
  void train_scaffold_sendsItsControlVariateAndKeepsIt() throws IOException {
    float[] plain = delta(Aggregation.FEDAVG, 1);

    float[] sent = delta(rule(Rule.SCAFFOLD, Weighting.UNIFORM), 1);

    ControlVariates kept = ControlVariates.in(folder.resolve("study"));
    kept.accept(1);
    ParameterLayout trained = Catalogue.require(Consortium.plan().model()).layout();
    float[] own = kept.own(trained, 2);
    assertThat(sent).hasSize(2 * plain.length);
    for (int i = 0; i < plain.length; i++) {
      assertThat(sent[i]).isCloseTo(plain[i], within(1e-6f));
      assertThat(sent[plain.length + i]).isCloseTo(-plain[i], within(1e-6f));
      assertThat(own[i]).isEqualTo(sent[plain.length + i]);
    }
  }

  private static Aggregation rule(Rule rule, Weighting weighting) {
    return new Aggregation(rule, 1, 0, 0, 0, 0, weighting);
  }

  private float[] delta(Aggregation aggregation, int round) throws IOException {
    StudyPlan plan = Consortium.plan(aggregation);
    ParameterSource start =
        RoundStart.of(Catalogue.require(plan.model()).initial(plan.seed()), plan.aggregation());
    Path base = folder.resolve("base.safetensors");
    try (SafetensorsWriter out = SafetensorsWriter.create(base, start.layout(), Map.of())) {
      float[] values = new float[(int) start.layout().length()];
      start.read(0, values, 0, values.length);
      out.write(values, 0, values.length);
      Digest _ = out.finish(false);
    }
    TrainingJob job =
        new TrainingJob(
            plan,
            new SiteId("site-a"),
            round,
            base,
            Optional.empty(),
            RoundLayout.of(RoundLayout.trained(start.layout()), aggregation).digest(),
            new CohortSpec("synthetic:64", Optional.empty()).open(),
            folder.resolve("study"),
            64);
    TrainingResult result = new SyntheticTrainer().train(job, (_, _, _) -> true);
    try (TrainingResult.Trained trained = (TrainingResult.Trained) result) {
      float[] delta = new float[(int) trained.delta().layout().length()];
      trained.delta().read(0, delta, 0, delta.length);
      return delta;
    }
  }
}
