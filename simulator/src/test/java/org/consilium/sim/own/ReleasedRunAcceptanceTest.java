package org.consilium.sim.own;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.SiteOptions;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.ReportFiles;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run with two findings a picture, from parameters of one's own, as real processes. */
@Tag("slow")
final class ReleasedRunAcceptanceTest {
  private static final int COUNT = 160;
  private static final int SIDE = 32;
  private static final int FINDINGS = 2;

  @TempDir Path folder;

  @Test
  void run_findingsFromOnesOwnFile_reportsWhatTheSitesReleased() throws Exception {
    Path start = folder.resolve("start.safetensors");
    ModelSpec spec = new ModelSpec("resnet-gn-tiny", 1, SIDE, SIDE, FINDINGS, 0);
    var _ = SafetensorsWriter.save(start, Catalogue.require(spec).initial(5), Map.of());
    Path data = folder.resolve("squares.npz");
    NpzWriter.writeFindings(data, Map.of(Split.TRAIN, squares()));
    Path study = Files.writeString(folder.resolve("study.yaml"), yaml(start));
    Path out = folder.resolve("out");
    RunOptions options =
        new RunOptions(
            study,
            data,
            2,
            Partition.parse("iid"),
            Shift.Kinds.NONE,
            1,
            out,
            true,
            false,
            false,
            0,
            SiteOptions.NONE,
            Optional.of(start));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Screen screen = new Screen(new PrintStream(said, true, StandardCharsets.UTF_8), false);

    DemoReport report =
        OwnRun.prepare(options, Packaged.installation()).run(InstantSource.system(), screen);
    ReportFiles.write(out, report);

    assertThat(report.sites()).extracting(DemoReport.SiteLine::samples).hasSize(2);
    assertThat(report.sites().stream().mapToInt(DemoReport.SiteLine::samples).sum())
        .isBetween(COUNT / 2, COUNT);
    assertThat(report.together().globalMean().orElseThrow()).isBetween(0.0, 1.0);
    assertThat(report.together().pooledMean()).isEmpty();
    assertThat(report.rounds()).hasSize(2);
    assertThat(out.resolve("report.json")).content().contains("from own");
    try (SafetensorsFile model = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      assertThat(model.layout()).isEqualTo(Catalogue.require(spec).layout());
    }
  }

  private static String yaml(Path start) throws IOException {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: findings}
    spec:
      model:
        architecture: resnet-gn-tiny
        foundation: {name: own, sha256: %s, bytes: %d}
        height: 32
        width: 32
      task: {type: multilabel, labels: [upper, lower], metrics: [auroc], select: auroc}
      algorithm: {name: fedavg, rounds: 2}
      training: {normalisation: image, learningRate: 0.003}
      privacy: {mode: sealed, minSamples: 8, smallCell: 5}
      drift: {detector: none}
      seed: 1
    """
        .formatted(Digest.sha256(start), Files.size(start));
  }

  /** A bright square in the upper half, in the lower, in both or in none. */
  private static LabelledFindings squares() {
    byte[] pixels = new byte[COUNT * SIDE * SIDE];
    byte[] targets = new byte[COUNT * FINDINGS];
    for (int i = 0; i < COUNT; i++) {
      for (int finding = 0; finding < FINDINGS; finding++) {
        if ((i >> finding & 1) == 1) {
          targets[i * FINDINGS + finding] = 1;
          fill(pixels, i, 4 + 16 * finding + i % 5, 3 + i % 17);
        }
      }
    }
    return LabelledFindings.of(
        new ImageSet(1, SIDE, SIDE, pixels, new int[COUNT]), FINDINGS, targets);
  }

  private static void fill(byte[] pixels, int image, int top, int left) {
    for (int y = top; y < top + 7; y++) {
      for (int x = left; x < left + 7; x++) {
        pixels[(image * SIDE + y) * SIDE + x] = (byte) 230;
      }
    }
  }
}
