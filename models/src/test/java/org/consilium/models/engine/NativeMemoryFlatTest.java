package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The engine's memory is not the collector's: what a step does not free is lost until the process
 * ends. 500 steps must need what 100 steps need.
 */
@Tag("slow")
class NativeMemoryFlatTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int SETTLED = 300;
  private static final int STEPS = 800;

  /** Growth that caches of the engine may have; the collector's own heap is not counted. */
  private static final double GROWTH_MAX = 0.25;

  @ParameterizedTest
  @CsvSource({"vit-test, 16", "mae-vit-test, 16", "resnet-gn, 28", "convnext-test, 32"})
  void train_for500Steps_keepsNoArrayAndNoMemory(String architecture, int side) throws IOException {
    try (LocalModel model = opened(architecture, side)) {
      Watch watch = new Watch(model, 0);

      TrainingOutcome outcome = model.train(images(side), run().watched(watch));

      assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
      assertThat(watch.arraysThen).isEqualTo(watch.arraysSettled);
      assertThat(watch.growth()).isLessThan(1 + GROWTH_MAX);
    }
  }

  @Test
  void train_withALeakOfOneArrayAStep_isSeenByBothMeasures() throws IOException {
    try (LocalModel model = opened("vit-test", 16)) {
      Watch watch = new Watch(model, 1 << 18);

      model.train(images(16), run().watched(watch));

      assertThat(watch.arraysThen - watch.arraysSettled).isEqualTo(STEPS - SETTLED);
      assertThat(watch.growth()).isGreaterThan(1 + GROWTH_MAX);
    }
  }

  /** Looks at the process after the settled steps and at the end. */
  private static final class Watch implements TrainingRun.Watch {
    private final LocalModel model;
    private final int leakedValues;
    private int arraysSettled;
    private int arraysThen;
    private Size settled = new Size(1, 1);
    private Size then = new Size(1, 1);

    Watch(LocalModel model, int leakedValues) {
      this.model = model;
      this.leakedValues = leakedValues;
    }

    @Override
    public boolean step(int step, int steps, double loss) {
      if (leakedValues > 0) {
        // What a parameter on the left of an operation does: the result is the root's.
        model.manager().ones(new Shape(leakedValues));
      }
      if (step == SETTLED) {
        arraysSettled = model.manager().getManagedArrays().size();
        settled = size();
      }
      if (step == STEPS) {
        arraysThen = model.manager().getManagedArrays().size();
        then = size();
      }
      return true;
    }

    /**
     * Factor by which the process grew. When the collector gives memory back, the part that is not
     * its own seems to grow for a while, and when it takes some, the whole does; a leak shows in
     * both.
     */
    private double growth() {
      return Math.min(
          (double) then.wholeKib / settled.wholeKib, (double) then.otherKib / settled.otherKib);
    }
  }

  /** The process, and the process without the part that is the collector's. */
  private record Size(long wholeKib, long otherKib) {}

  private static Size size() {
    assumeTrue(Files.isReadable(STATUS), "SKIP resident size: no " + STATUS);
    System.gc();
    long heapKib = Runtime.getRuntime().totalMemory() >> 10;
    try {
      long kib =
          Files.readAllLines(STATUS).stream()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
              .findFirst()
              .orElseThrow();
      return new Size(kib, kib - heapKib);
    } catch (IOException unreadable) {
      throw new java.io.UncheckedIOException(unreadable);
    }
  }

  private static LocalModel opened(String architecture, int side) throws IOException {
    ModelSpec spec = new ModelSpec(architecture, 1, side, side, 1, 0);
    LocalModel model = LocalModel.open(spec, EngineSettings.reproducible());
    model.load(model.architecture().initial(4));
    return model;
  }

  private static TrainingRun run() {
    return TrainingRun.of(
        new Training(
            1,
            STEPS,
            8,
            new Training.Optimiser("adamw", 1e-3, 0.05, 0, 1, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("strong", "image", 0.5, 0.5),
            Training.Personal.NONE,
            false),
        1,
        1,
        1);
  }

  private static ImageSet images(int side) {
    SplittableRandom random = new SplittableRandom(2);
    int count = 64;
    byte[] pixels = new byte[count * side * side];
    random.nextBytes(pixels);
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 2;
    }
    return new ImageSet(1, side, side, pixels, labels);
  }
}
