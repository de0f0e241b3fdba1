package org.consilium.coordinator.aggregate.rule;

import org.consilium.models.federated.RoundLayout.Part;
import org.consilium.protocol.Aggregation;

/**
 * How the mean of the accepted deltas becomes a server step, coordinate by coordinate, in doubles.
 * A rule is its hyper-parameters; whatever it remembers between rounds are its moments, vectors as
 * long as the parameters that the caller keeps.
 */
public sealed interface ServerRule
    permits FedAvg, FedAvgM, FedAdam, FedYogi, FedAdagrad, FedNova, ScaffoldStep {

  /** The rule of a plan. */
  static ServerRule of(Aggregation plan) {
    double rate = plan.serverLearningRate();
    return switch (plan.rule()) {
      // FedDG-GA moves the sites' weights; its step is the weighted mean.
      case FEDAVG, FEDDG_GA, FEDEMA -> new FedAvg(rate);
      case FEDAVGM -> new FedAvgM(rate, plan.momentum());
      case FEDADAM -> new FedAdam(rate, plan.momentum(), plan.beta2(), plan.tau(), false);
      case FEDYOGI -> new FedYogi(rate, plan.momentum(), plan.beta2(), plan.tau());
      case FEDADAGRAD -> new FedAdagrad(rate, plan.momentum(), plan.tau());
      case FEDNOVA -> new FedNova(rate);
      case SCAFFOLD -> new ScaffoldStep(rate);
    };
  }

  /** How many moments it keeps: none, m, or m and v. */
  default int moments() {
    return switch (this) {
      case FedAvg _, FedNova _, ScaffoldStep _ -> 0;
      case FedAvgM _ -> 1;
      case FedAdam _, FedYogi _, FedAdagrad _ -> 2;
    };
  }

  /** What every value of moment {@code index} is before the first round: 0 for m, τ² for v. */
  default double start(int index) {
    if (index == 0) {
      return 0;
    }
    return switch (this) {
      case FedAdam rule -> rule.tau() * rule.tau();
      case FedYogi rule -> rule.tau() * rule.tau();
      case FedAdagrad rule -> rule.tau() * rule.tau();
      case FedAvg _, FedAvgM _, FedNova _, ScaffoldStep _ ->
          throw new IllegalArgumentException("%s has no moment %d".formatted(this, index));
    };
  }

  /** Turns the mean of a run of coordinates into what is added to the parameters, in place. */
  default void apply(Round round, Run run) {
    switch (this) {
      case FedAvg rule -> rule.step(run);
      case FedAvgM rule -> rule.step(run);
      case FedAdam rule -> rule.step(round, run);
      case FedYogi rule -> rule.step(run);
      case FedAdagrad rule -> rule.step(run);
      case FedNova rule -> rule.step(round, run);
      case ScaffoldStep rule -> rule.step(round, run);
    }
  }

  /**
   * What is the same for all coordinates of a round.
   *
   * @param number t, rounds that counted, this one included; from 1
   * @param participants |S|, sites whose updates are in the mean
   * @param sites N, sites of the study
   * @param steps weighted mean of the sites' normalisers; 1 for rules without
   */
  record Round(int number, int participants, int sites, double steps) {
    public Round {
      if (number < 1 || participants < 1 || sites < participants || !(steps > 0)) {
        throw new IllegalArgumentException(
            "server step: round %d, %d of %d sites, normaliser %s"
                .formatted(number, participants, sites, steps));
      }
    }
  }

  /**
   * A run of coordinates, all of one tensor.
   *
   * @param part what the tensor is
   * @param delta the mean on entry, what is added to the parameters on return
   * @param moments one array for each of the rule's moments; read and replaced
   * @param from first index in all arrays
   * @param to index after the last
   */
  @SuppressWarnings("ArrayRecordComponent") // buffers of the caller, never compared
  record Run(Part part, double[] delta, double[][] moments, int from, int to) {}
}
