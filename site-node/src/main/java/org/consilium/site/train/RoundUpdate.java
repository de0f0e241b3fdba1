package org.consilium.site.train;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.federated.ControlVariates;
import org.consilium.models.federated.Nova;
import org.consilium.models.federated.NovaUpdate;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.federated.ScaffoldUpdate;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Training;

/**
 * The site's side of the plan's aggregation rule around local training: what every gradient is
 * corrected by, and what is handed on in the round's layout afterwards.
 */
final class RoundUpdate {
  private RoundUpdate() {}

  /**
   * What local training did.
   *
   * @param steps optimiser steps
   * @param rates sum of the steps' learning rates
   */
  record Done(int steps, double rates) {}

  /**
   * What is added to every gradient of the round, in the layout of the trained parameters:
   * SCAFFOLD's c − cₖ; nothing for other rules.
   *
   * @param base the round's, in the round's layout
   */
  static Optional<float[]> correction(TrainingJob job, ParameterSource base) throws IOException {
    if (job.plan().aggregation().rule() != Rule.SCAFFOLD) {
      return Optional.empty();
    }
    ParameterLayout trained = RoundLayout.trained(base.layout());
    float[] own = ControlVariates.in(job.studyFolder()).own(trained, job.round());
    float[] correction = control(base, trained);
    for (int i = 0; i < correction.length; i++) {
      correction[i] -= own[i];
    }
    return Optional.of(correction);
  }

  /**
   * What the difference to the base is taken of. For SCAFFOLD the next control variate is on disk
   * when this returns; it counts once the update was accepted.
   *
   * @param base the round's, in the round's layout; read, not owned
   * @param trained local parameters in the layout of the trained ones; read, not owned
   */
  static ParameterSource of(
      TrainingJob job, ParameterSource base, ParameterSource trained, Done done)
      throws IOException {
    return switch (job.plan().aggregation().rule()) {
      case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD, FEDDG_GA, FEDEMA -> trained;
      case FEDNOVA -> nova(job, base, trained, done);
      case SCAFFOLD -> scaffold(job, base, trained, done);
    };
  }

  private static ParameterSource nova(
      TrainingJob job, ParameterSource base, ParameterSource trained, Done done) {
    Training plan = job.plan().training();
    double momentum = plan.optimiser().momentum();
    int batches = Math.ceilDiv(job.referenceSamples(), plan.batchSize());
    double unit = NovaUpdate.unit(plan.localSteps(), plan.localEpochs(), batches, momentum);
    return NovaUpdate.of(base, trained, Nova.normaliser(done.steps(), momentum, 0), unit);
  }

  private static ParameterSource scaffold(
      TrainingJob job, ParameterSource base, ParameterSource trained, Done done)
      throws IOException {
    ParameterLayout layout = trained.layout();
    ControlVariates kept = ControlVariates.in(job.studyFolder());
    float[] own = kept.own(layout, job.round());
    float[] moved = new float[own.length];
    float[] to = new float[own.length];
    base.read(0, moved, 0, moved.length);
    trained.read(0, to, 0, to.length);
    for (int i = 0; i < moved.length; i++) {
      moved[i] -= to[i];
    }
    double clip = job.plan().protection().clip();
    float[] next = ControlVariates.next(own, control(base, layout), moved, done.rates(), clip);
    kept.draft(layout, job.round(), next);
    return ScaffoldUpdate.of(base, trained, new ScaffoldUpdate.Control(own, next), clip);
  }

  /** c, which stands behind the parameters. */
  private static float[] control(ParameterSource base, ParameterLayout trained) throws IOException {
    float[] all = new float[Math.toIntExact(trained.length())];
    base.read(trained.length(), all, 0, all.length);
    return all;
  }
}
