package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
  private static final int DIES_AFTER = 7;

  @TempDir private Path folder;
  private final List<String> told = new ArrayList<>();
  private Digest subject = Digest.sha256(new byte[] {1});

  @ParameterizedTest
  @CsvSource({"adamw, 0, 0.9", "adamw, 0, 0", "sgd, 0.9, 0"})
  void train_afterADeathInASecondEpoch_endsWithTheSameBits(
      String optimiser, double momentum, double averaging) throws IOException {
    Training plan = plan(optimiser, momentum, averaging);
    Result whole = train(plan, 1, Integer.MAX_VALUE, Duration.ofDays(1));
    Result dead = train(plan, 1, DIES_AFTER, Duration.ZERO);
    assertThat(dead.outcome).isEqualTo(new TrainingOutcome.Stopped(DIES_AFTER));
    assertThat(file()).exists();

    Result resumed = train(plan, 1, Integer.MAX_VALUE, Duration.ZERO);

    assertThat(resumed.firstStep).isEqualTo(DIES_AFTER + 1);
    assertThat(resumed.values).isEqualTo(whole.values);
    assertThat(resumed.outcome).isEqualTo(whole.outcome);
  }

  @Test
  void train_whoseOutcomeWasLost_goesOnFromItsLastStepAndEndsWithTheSameBits() throws IOException {
    Training plan = plan("adamw", 0, 0.9);
    Result whole = train(plan, 1, Integer.MAX_VALUE, Duration.ZERO);
    assertThat(file()).exists();

    Result again = train(plan, 1, Integer.MAX_VALUE, Duration.ZERO);

    assertThat(again.firstStep).isZero();
    assertThat(again.values).isEqualTo(whole.values);
    assertThat(again.outcome).isEqualTo(whole.outcome);
    Progress.drop(file());
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void train_keepsItsProgressForItsOwnerAlone() throws IOException {
    train(plan("adamw", 0, 0), 1, DIES_AFTER, Duration.ZERO);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file());
    }
  }

  @Test
  void train_withAChangedBitAnywhere_beginsAgainAndSaysSo() throws IOException {
    Training plan = plan("adamw", 0, 0);
    Result whole = train(plan, 1, Integer.MAX_VALUE, Duration.ofDays(1));
    train(plan, 1, DIES_AFTER, Duration.ZERO);
    byte[] held = Files.readAllBytes(file());
    // Format, key, step, a sum, a parameter, the optimiser's memory, the digest.
    int[] places = {3, 20, 42, 50, 100, held.length - 1000, held.length - 1};

    for (int place : places) {
      byte[] changed = held.clone();
      changed[place] ^= 4;
      Files.write(file(), changed);
      told.clear();
      Result again = train(plan, 1, Integer.MAX_VALUE, Duration.ofDays(1));

      assertThat(again.firstStep).as("byte %d", place).isEqualTo(1);
      assertThat(again.values).as("byte %d", place).isEqualTo(whole.values);
      assertThat(told).singleElement().asString().startsWith("training begins anew: ");
    }
  }

  @Test
  void train_ofAnotherSubject_doesNotTakeTheProgress() throws IOException {
    Training plan = plan("adamw", 0, 0);
    train(plan, 1, DIES_AFTER, Duration.ZERO);
    subject = Digest.sha256(new byte[] {2});

    assertThat(train(plan, 1, Integer.MAX_VALUE, Duration.ofDays(1)).firstStep).isEqualTo(1);
    assertThat(told)
        .containsExactly("training begins anew: the progress on disk is of another training");
  }

  @Test
  void train_whereTheDiskTakesNothing_trainsOnAndSaysSo() throws IOException {
    Training plan = plan("adamw", 0, 0);
    Result whole = train(plan, 1, Integer.MAX_VALUE, Duration.ofDays(1));
    Files.createDirectory(file());
    Files.createFile(file().resolve("in the way"));

    Result unkept = train(plan, 1, Integer.MAX_VALUE, Duration.ZERO);

    assertThat(unkept.values).isEqualTo(whole.values);
    assertThat(told).isNotEmpty().allMatch(t -> t.contains("progress"));
  }

  @Test
  void train_ofAnotherRound_doesNotTakeTheProgress() throws IOException {
    Training plan = plan("adamw", 0, 0);
    train(plan, 1, DIES_AFTER, Duration.ZERO);

    assertThat(train(plan, 2, Integer.MAX_VALUE, Duration.ZERO).firstStep).isEqualTo(1);
  }

  @Test
  void train_withATornFile_beginsAgain() throws IOException {
    Training plan = plan("adamw", 0, 0);
    train(plan, 1, DIES_AFTER, Duration.ZERO);
    byte[] held = Files.readAllBytes(file());

    for (int length : new int[] {0, 5, 30, 50, 90, held.length / 2, held.length - 1}) {
      Files.write(file(), Arrays.copyOf(held, length));
      assertThat(train(plan, 1, 1, Duration.ofDays(1)).firstStep).isEqualTo(1);
    }
  }

  @Test
  void train_beforeItIsTime_writesNothing() throws IOException {
    train(plan("adamw", 0, 0), 1, DIES_AFTER, Duration.ofSeconds(1));

    assertThat(file()).doesNotExist();
  }

  private record Result(TrainingOutcome outcome, int firstStep, float[] values) {}

  private Path file() {
    return folder.resolve("progress.bin");
  }

  private Result train(Training plan, int round, int diesAfter, Duration every) throws IOException {
    ModelSpec spec = new ModelSpec("vit-test", 1, 16, 16, 1, 0);
    int[] first = new int[1];
    try (LocalModel model = LocalModel.open(spec, EngineSettings.reproducible())) {
      model.load(model.architecture().initial(4));
      model.keepProgress(new Progress(file(), subject, CLOCK, every, told::add));
      TrainingRun run =
          TrainingRun.of(plan, round, 2, 1)
              .watched(
                  (step, _, _) -> {
                    first[0] = first[0] == 0 ? step : first[0];
                    return step < diesAfter;
                  });
      TrainingOutcome outcome = model.train(images(), run);
      float[] values = new float[(int) model.layout().length()];
      model.read(0, values, 0, values.length);
      return new Result(outcome, first[0], values);
    }
  }

  private static Training plan(String optimiser, double momentum, double averaging) {
    return new Training(
        3,
        0,
        8,
        new Training.Optimiser(optimiser, 1e-2, 0.05, momentum, 1, 1),
        new Training.Schedule(1, 0, true, averaging),
        0.1,
        new Training.Input("strong", "image", 0.5, 0.5),
        Training.Personal.NONE,
        false);
  }

  private static ImageSet images() {
    byte[] pixels = new byte[36 * 16 * 16];
    new SplittableRandom(3).nextBytes(pixels);
    int[] labels = new int[36];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
    }
    return new ImageSet(1, 16, 16, pixels, labels);
  }
}
