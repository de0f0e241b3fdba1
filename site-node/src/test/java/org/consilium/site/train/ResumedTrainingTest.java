package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that dies in the middle of a round's training, and one that goes on for it. */
final class ResumedTrainingTest {
  private static final int STEPS = 20;
  private static final int DIES_AFTER = 7;

  @TempDir private Path folder;

  @BeforeEach
  void casesAndBase() throws IOException {
    byte[] pixels = new byte[24 * 256];
    new SplittableRandom(5).nextBytes(pixels);
    int[] labels = new int[24];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
    }
    ImageSet images = new ImageSet(1, 16, 16, pixels, labels);
    NpzWriter.write(
        folder.resolve("cases.npz"), Map.of(Split.TRAIN, images, Split.VALIDATION, images));
    ParameterSource start = Catalogue.require(plan().model()).initial(7);
    var _ = SafetensorsWriter.save(folder.resolve("base.safetensors"), start, Map.of());
  }

  @Test
  void f2_killedInMidTraining_resumesFromItsCheckpointWithTheSameBits() throws Exception {
    assertThat(run("undisturbed", "-Dconsilium.none=1")).isZero();
    String strike = FailPoint.PROGRESS_KEPT.word() + ":kill:" + DIES_AFTER;
    assertThat(run("killed", "-D" + FailPoint.PROPERTY + "=" + strike)).isEqualTo(137);
    assertThat(folder.resolve("killed.delta")).doesNotExist();

    assertThat(run("killed", "-Dconsilium.none=1")).isZero();

    assertThat(lines("killed")).contains("training goes on after step " + DIES_AFTER);
    assertThat(steps("killed")).hasSize(STEPS - DIES_AFTER);
    assertThat(steps("undisturbed")).hasSize(STEPS);
    assertThat(delta("killed")).isEqualTo(delta("undisturbed"));
  }

  @Test
  void f8_checkpointWithAFlippedBit_isNotUsedAndTheBitsAreTheSame() throws Exception {
    assertThat(run("undisturbed", "-Dconsilium.none=1")).isZero();
    String strike = FailPoint.PROGRESS_KEPT.word() + ":halt:" + DIES_AFTER;
    assertThat(run("killed", "-D" + FailPoint.PROPERTY + "=" + strike)).isEqualTo(137);
    Path checkpoint = folder.resolve("killed").resolve("progress.bin");
    byte[] bytes = Files.readAllBytes(checkpoint);
    bytes[bytes.length / 3] ^= 16;
    Files.write(checkpoint, bytes);

    assertThat(run("killed", "-Dconsilium.none=1")).isZero();

    assertThat(lines("killed"))
        .contains(
            "training begins anew: the progress on disk was changed: its bytes are not those of"
                + " its digest");
    assertThat(steps("killed")).hasSize(STEPS);
    assertThat(delta("killed")).isEqualTo(delta("undisturbed"));
  }

  private byte[] delta(String life) throws IOException {
    return Files.readAllBytes(folder.resolve(life + ".delta"));
  }

  private List<String> lines(String life) throws IOException {
    return Files.readString(folder.resolve(life + ".log")).lines().toList();
  }

  private List<String> steps(String life) throws IOException {
    return lines(life).stream().filter(l -> l.startsWith("step ")).toList();
  }

  /** Trains in a process of its own; returns its code. */
  private int run(String life, String flag) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", flag));
    command.addAll(List.of("-cp", System.getProperty("java.class.path", "") + more()));
    command.addAll(List.of(Life.class.getName(), folder.toString(), life));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(folder.resolve(life + ".log").toFile());
    builder.environment().put("DJL_OFFLINE", "true");
    return builder.start().waitFor();
  }

  /** A test runner with a class path of its own keeps the rest from the property. */
  private static String more() throws IOException {
    StringBuilder paths = new StringBuilder();
    if (ResumedTrainingTest.class.getClassLoader() instanceof java.net.URLClassLoader loader) {
      for (java.net.URL url : loader.getURLs()) {
        paths.append(File.pathSeparator).append(url.getPath());
      }
    }
    return paths.toString();
  }

  private static StudyPlan plan() {
    StudyPlan plan = Consortium.plan(Aggregation.FEDAVG);
    Training training =
        new Training(
            1,
            STEPS,
            8,
            new Training.Optimiser("adamw", 1e-2, 0.05, 0, 1, 1),
            new Training.Schedule(1, 0, true, 0.9),
            0.1,
            new Training.Input("strong", "image", 0.5, 0.5),
            Training.Personal.NONE,
            false);
    return new StudyPlan(
        plan.study(),
        plan.title(),
        new ModelSpec("vit-test", 1, 16, 16, 1, 0),
        Optional.empty(),
        plan.task(),
        plan.tuning(),
        training,
        plan.aggregation(),
        plan.protection(),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        3);
  }

  /** One life of a process that trains a round and leaves the delta's bytes. */
  static final class Life {
    private Life() {}

    public static void main(String[] args) throws IOException {
      Path folder = Path.of(args[0]);
      Path studyFolder = Files.createDirectories(folder.resolve(args[1]));
      EngineTrainer trainer =
          new EngineTrainer(
              EngineSettings.reproducible(),
              new EngineTrainer.Checkpoints(
                  InstantSource.fixed(Instant.EPOCH), Duration.ZERO, System.out::println),
              Optional.empty());
      Path base = folder.resolve("base.safetensors");
      TrainingJob job =
          new TrainingJob(
              plan(),
              new SiteId("north"),
              1,
              base,
              Optional.empty(),
              StudyModel.layout(plan()).digest(),
              new CohortSpec(folder.resolve("cases.npz").toString(), Optional.empty()).open(),
              studyFolder,
              24);
      TrainingResult result =
          trainer.train(
              job,
              (step, steps, loss) -> {
                System.out.println("step " + step);
                return true;
              });
      if (!(result instanceof TrainingResult.Trained trained)) {
        System.out.println(result);
        System.exit(3);
        return;
      }
      try (trained) {
        float[] values = new float[(int) trained.delta().layout().length()];
        trained.delta().read(0, values, 0, values.length);
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        Files.write(folder.resolve(args[1] + ".delta"), bytes.array());
        Files.writeString(
            folder.resolve(args[1] + ".figures"),
            "%s %d".formatted(trained.loss(), trained.steps()),
            StandardCharsets.UTF_8);
      }
    }
  }
}
