package org.consilium.sim.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.sim.process.Packaged;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The comparison from random values, in a process of its own. */
@Tag("slow")
final class RandomStartProcessTest {
  private static final int SIDE = 64;
  private static final int COUNT = 16;

  @TempDir Path folder;

  @Test
  void run_sitesFiles_leavesTheSameParametersEachTime() throws Exception {
    List<Path> data = List.of(site(1), site(2));
    Path first = run(data, "first");
    Path second = run(data, "second");

    assertThat(first).hasSameBinaryContentAs(second);
    try (SafetensorsFile file = SafetensorsFile.open(first)) {
      DemoOptions.Scale scale = DemoOptions.Scale.DEMONSTRATION;
      assertThat(file.layout().length())
          .isEqualTo(scale.beginning(1, Optional.empty()).open().architecture().layout().length());
    }
  }

  @Test
  void run_fileThatIsNotThere_failsWithItsName() {
    assertThatThrownBy(() -> run(List.of(folder.resolve("gone.npz")), "none"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("train from random values: the process ended with code 1")
        .hasMessageContaining("gone.npz");
  }

  private Path run(List<Path> data, String name) throws IOException, InterruptedException {
    Path out = folder.resolve(name + ".safetensors");
    Path log = folder.resolve(name + ".log");
    return new RandomStartProcess(Packaged.installation(), log).run(1, 1, data, out).orElseThrow();
  }

  private Path site(int seed) throws IOException {
    byte[] pixels = new byte[COUNT * SIDE * SIDE];
    new SplittableRandom(seed).nextBytes(pixels);
    int[] labels = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      labels[i] = i % 2;
    }
    Path file = folder.resolve("site-%d.npz".formatted(seed));
    NpzWriter.write(file, Map.of(Split.TRAIN, new ImageSet(1, SIDE, SIDE, pixels, labels)));
    return file;
  }
}
