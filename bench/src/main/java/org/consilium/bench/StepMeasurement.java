package org.consilium.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.Training;

/**
 * How long one step of fine-tuning takes, as a site does it: preparing the batch, forward,
 * backward, clipping and AdamW, over images of seeded noise.
 */
final class StepMeasurement {
  private static final int CLASSES = 2;
  private static final long SEED = 1;

  /**
   * What is measured.
   *
   * @param size height and width of the grey images
   * @param warmUp steps that are not counted
   * @param steps that are
   */
  record Order(String architecture, int size, int batch, int warmUp, int steps, int threads) {}

  private final Order order;
  private final LongSupplier nanoTime;

  StepMeasurement(Order order, LongSupplier nanoTime) {
    this.order = order;
    this.nanoTime = nanoTime;
  }

  /**
   * Times of the counted steps, in their order.
   *
   * @throws IllegalArgumentException if there is no such architecture, or not at this size
   */
  List<Duration> run() throws IOException {
    ModelSpec spec = new ModelSpec(order.architecture, 1, order.size, order.size, CLASSES, 0);
    List<Duration> times = new ArrayList<>();
    try (LocalModel model = LocalModel.open(spec, new EngineSettings(order.threads, "cpu"))) {
      model.load(model.architecture().initial(SEED));
      long[] before = {nanoTime.getAsLong()};
      TrainingRun.Watch watch =
          (step, _, _) -> {
            long now = nanoTime.getAsLong();
            if (step > order.warmUp) {
              times.add(Duration.ofNanos(now - before[0]));
            }
            before[0] = now;
            return true;
          };
      TrainingRun run = TrainingRun.of(training(), 1, 1, SEED).watched(watch);
      if (!(model.train(noise(), run) instanceof TrainingOutcome.Trained)) {
        throw new IOException("%s: the training diverged".formatted(order.architecture));
      }
    }
    return List.copyOf(times);
  }

  /** Middle one of {@code times}. */
  static Duration median(List<Duration> times) {
    Duration[] sorted = times.toArray(Duration[]::new);
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private ImageSet noise() {
    byte[] pixels = new byte[order.batch * order.size * order.size];
    new SplittableRandom(SEED).nextBytes(pixels);
    int[] labels = new int[order.batch];
    Arrays.setAll(labels, i -> i % CLASSES);
    return new ImageSet(1, order.size, order.size, pixels, labels);
  }

  private Training training() {
    return new Training(
        1,
        order.warmUp + order.steps,
        order.batch,
        new Training.Optimiser("adamw", 1e-4, 0.05, 0, 1, 1),
        new Training.Schedule(1, 0, false, 0),
        0,
        new Training.Input("none", "image", 0.5, 0.5),
        Training.Personal.NONE,
        false);
  }
}
