package org.consilium.sim.scenario;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.Training;

/**
 * The demonstration's study file, and the same training settings as a value for the baselines.
 *
 * @param name of the study
 * @param architecture key in the catalogue
 * @param side pixels
 * @param sites who takes part
 * @param quorum fewest updates for a round
 * @param deadline of a round
 * @param rounds of one local epoch each
 * @param windows monitoring windows after the last round
 * @param seed root of all choices
 */
public record StudyText(
    String name,
    String architecture,
    int side,
    List<SiteId> sites,
    int quorum,
    Duration deadline,
    int rounds,
    int windows,
    long seed) {
  /** Grey level that is subtracted and the one that is divided by; tried against others by seed. */
  private static final double MEAN = 0.25;

  private static final double DEVIATION = 0.25;

  /** With two passes a round single sites nearly catch up with all of them together. */
  private static final int LOCAL_EPOCHS = 1;

  private static final double PROXIMAL_MU = 0.01;
  private static final int BATCH = 8;
  private static final double LEARNING_RATE = 2e-3;
  private static final double WEIGHT_DECAY = 0.05;

  public StudyText {
    sites = List.copyOf(sites);
  }

  /** How a site trains, as the file says it. */
  public Training training() {
    return new Training(
        LOCAL_EPOCHS,
        0,
        BATCH,
        new Training.Optimiser("adamw", LEARNING_RATE, WEIGHT_DECAY, 0, 1, 1),
        new Training.Schedule(0.5, 0, true, 0),
        PROXIMAL_MU,
        new Training.Input("weak", "fixed", MEAN, DEVIATION),
        Training.Personal.NONE,
        true);
  }

  /** The algorithm in a report's words. */
  public String algorithm() {
    double mu = training().proximalMu();
    return mu > 0 ? "FedProx μ = " + mu : "FedAvg";
  }

  /** The file. */
  public String yaml() {
    return """
    # A study file: what is asked, which model, how it is trained, who takes part.
    apiVersion: consilium/v1
    kind: Study
    metadata:
      name: %s
      title: {en: "Lesions on head MRI (simulated)"}
    spec:
      model:     {architecture: %s, height: %d, width: %d}
      task:      {type: classification, labels: [normal, lesion], metrics: [auroc, loss], select: auroc}
      algorithm: {name: fedprox, mu: %s, rounds: %d, localEpochs: %d}
      training:  {batchSize: %d, learningRate: %s, weightDecay: %s, augmentation: weak, normalisation: fixed, mean: %s, deviation: %s}
      privacy:   {mode: sealed}
      sites:     {include: [%s], quorum: %d, deadline: %ds}
      drift:     {detector: cusum, falseAlarmsPerYear: 0.5, windowsPerYear: 365, windows: %d}
      seed: %d
    """
        .formatted(
            name,
            architecture,
            side,
            side,
            PROXIMAL_MU,
            rounds,
            LOCAL_EPOCHS,
            BATCH,
            LEARNING_RATE,
            WEIGHT_DECAY,
            MEAN,
            DEVIATION,
            sites.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            quorum,
            deadline.toSeconds(),
            windows,
            seed);
  }
}
