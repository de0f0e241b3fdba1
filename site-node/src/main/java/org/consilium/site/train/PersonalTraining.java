package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.protocol.Training;

/**
 * The model that a site makes for itself beside the shared one, and never sends.
 *
 * <p>Ditto (T. Li et al., "Ditto: Fair and Robust Federated Learning Through Personalization", ICML
 * 2021, Algorithm 1): a whole model v of its own that makes the round's steps v ← v − η(∇F(v) + λ(v
 * − w)) towards the shared parameters w that the round began with. Tune-after: the last shared
 * model, trained further for the plan's steps.
 */
record PersonalTraining(TrainingJob job, EngineSettings settings, LocalTrainer.Watch watch) {
  /** Brings it up to the job's round; true also where there is nothing to do. */
  boolean bringUp() throws IOException {
    Training.Personal wanted = job.plan().training().personal();
    SiteModel file = SiteModel.personal(job.studyFolder());
    if (!wanted.wanted() || file.round() >= job.round()) {
      return true;
    }
    if (wanted.ditto()) {
      Optional<Path> base = new RoundBase(job.studyFolder()).of(job.round());
      return base.isEmpty() || ditto(file, base.get(), wanted.lambda());
    }
    return job.round() < job.plan().rounds() || tuneAfter(file);
  }

  private boolean ditto(SiteModel file, Path base, double lambda) throws IOException {
    try (LocalModel own = file.open(job.model(), settings);
        LocalModel shared = job.model().at(base, job.round(), settings)) {
      TrainingRun run =
          TrainingRun.of(job.plan(), job.round(), job.seed(), watch::step)
              .with(job.plan().training().withProximalTerm(lambda))
              .towards(shared);
      return trained(file, own, run);
    }
  }

  private boolean tuneAfter(SiteModel file) throws IOException {
    try (LocalModel model = job.model().at(job.base(), job.round() + 1, settings)) {
      return trained(file, model, tuning(job, watch));
    }
  }

  private boolean trained(SiteModel file, LocalModel model, TrainingRun run) throws IOException {
    if (!(job.lesson().teach(model, run) instanceof TrainingOutcome.Trained)) {
      return false;
    }
    file.write(model, ModelSheet.of(job.plan()), job.round());
    return true;
  }

  /** The run of tune-after's steps, with an order of its own. */
  static TrainingRun tuning(TrainingJob job, LocalTrainer.Watch watch) {
    return TrainingRun.of(job.plan().training().tuning(), 1, 1, TrainingJob.mix(job.seed() + 1))
        .asking(job.plan().task())
        .watched(watch::step);
  }
}
