package org.consilium.sim.scenario;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.Training;

/**
 * The demonstration's study file, and the same training settings as a value for the baselines.
 *
 * @param name of the study
 * @param recipe model, start and how it is trained
 * @param side pixels
 * @param sites who takes part
 * @param quorum fewest updates for a round
 * @param deadline of a round
 * @param rounds of one local epoch each
 * @param windows monitoring windows after the last round
 * @param mode what hides an update: masked or sealed
 * @param seed root of all choices
 */
public record StudyText(
    String name,
    Recipe recipe,
    int side,
    List<SiteId> sites,
    int quorum,
    Duration deadline,
    int rounds,
    int windows,
    String mode,
    long seed) {
  /** Grey level that is subtracted and the one that is divided by; tried against others by seed. */
  private static final double MEAN = 0.25;

  private static final double DEVIATION = 0.25;

  /** With two passes a round single sites nearly catch up with all of them together. */
  private static final int LOCAL_EPOCHS = 1;

  private static final int BATCH = 8;

  /**
   * What is trained and how.
   *
   * @param architecture key in the catalogue
   * @param foundation name of the bundled parameters to start from; empty for random values
   * @param layerDecay factor on the rate for each layer below the head; 1 for none
   * @param proximalMu FedProx strength; 0 is FedAvg
   */
  public record Recipe(
      String architecture,
      Optional<String> foundation,
      double learningRate,
      double weightDecay,
      double layerDecay,
      double proximalMu) {
    /** The bundled checkpoint, fine-tuned. */
    public static final Recipe FINE_TUNED =
        new Recipe("vit-mini-avg", Optional.of("consilium-vit-mini"), 3e-3, 0.01, 0.85, 0);

    /** A residual network from random values. */
    public static Recipe residual(String architecture) {
      return new Recipe(architecture, Optional.empty(), 2e-3, 0.05, 1, 0.01);
    }

    /** How a site trains. */
    public Training training() {
      return new Training(
          LOCAL_EPOCHS,
          0,
          BATCH,
          new Training.Optimiser("adamw", learningRate, weightDecay, 0, 1, layerDecay),
          new Training.Schedule(0.5, 0, true, 0),
          proximalMu,
          new Training.Input("weak", "fixed", MEAN, DEVIATION),
          Training.Personal.NONE,
          true);
    }

    /** Model and start in a report's words. */
    public String words() {
      return foundation.map(f -> architecture + " from " + f).orElse(architecture);
    }
  }

  public StudyText {
    sites = List.copyOf(sites);
  }

  /** How a site trains, as the file says it. */
  public Training training() {
    return recipe.training();
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
      model:     {architecture: %s%s, height: %d, width: %d}
      task:      {type: classification, labels: [normal, lesion], metrics: [auroc, loss], select: auroc}
      algorithm: {%s, rounds: %d, localEpochs: %d}
      training:  {batchSize: %d, learningRate: %s, weightDecay: %s%s, augmentation: weak, normalisation: fixed, mean: %s, deviation: %s}
      privacy:   {mode: %s}
      sites:     {include: [%s], quorum: %d, deadline: %ds}
      drift:     {detector: cusum, falseAlarmsPerYear: 0.5, windowsPerYear: 365, windows: %d}
      seed: %d
    """
        .formatted(
            name,
            recipe.architecture,
            recipe.foundation.map(f -> ", foundation: " + f).orElse(""),
            side,
            side,
            recipe.proximalMu > 0 ? "name: fedprox, mu: " + recipe.proximalMu : "name: fedavg",
            rounds,
            LOCAL_EPOCHS,
            BATCH,
            recipe.learningRate,
            recipe.weightDecay,
            recipe.layerDecay < 1 ? ", layerDecay: " + recipe.layerDecay : "",
            MEAN,
            DEVIATION,
            mode,
            sites.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            quorum,
            deadline.toSeconds(),
            windows,
            seed);
  }
}
