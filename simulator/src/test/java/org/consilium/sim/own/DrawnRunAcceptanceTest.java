package org.consilium.sim.own;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.SiteOptions;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.ReportFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run on bright squares, at one of the two centres dark ones, as real processes. */
@Tag("slow")
final class DrawnRunAcceptanceTest {
  private static final int IMAGES = 48;

  @TempDir Path folder;
  private Path data = Path.of(".");
  private Path study = Path.of(".");

  @BeforeEach
  void pictures() throws IOException {
    data = folder.resolve("squares");
    Files.createDirectories(data.resolve("images"));
    Files.createDirectories(data.resolve("labels"));
    StringBuilder index = new StringBuilder("id,centre\n");
    for (int i = 0; i < IMAGES; i++) {
      String centre = i % 2 == 0 ? "bright" : "dark";
      square(i, centre);
      index.append("p%02d,%s%n".formatted(i, centre));
    }
    Files.writeString(data.resolve("index.csv"), index);
    study =
        Files.writeString(
            folder.resolve("study.yaml"),
            """
            apiVersion: consilium/v1
            kind: Study
            metadata: {name: squares}
            spec:
              model: {architecture: unet-gn, height: 16, width: 16}
              task: {type: segmentation, labels: [background, square]}
              algorithm: {name: fedavg, rounds: 2, localSteps: 6, weighting: uniform}
              training: {normalisation: image, personal: {method: tune-after, steps: 4}}
              privacy: {mode: sealed, minSamples: 4, smallCell: 5}
              drift: {detector: none}
            """);
  }

  @Test
  void run_masksByCentre_judgesEveryModelOnHeldBackImages() throws Exception {
    Path out = folder.resolve("out");
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Screen screen = new Screen(new PrintStream(said, true, StandardCharsets.UTF_8), false);

    DemoReport report = prepared(out, "by:centre", "dark.invert=true").run(clock(), screen);
    ReportFiles.write(out, report);

    assertThat(report.drawn()).hasSize(2);
    for (DemoReport.DrawnLine line : report.drawn()) {
      // 24 images: the first two are held back, a quarter of 22 is 5.5, so 6 to choose by.
      assertThat(line.heldBack()).isEqualTo(2);
      assertThat(line.chosenBy()).isEqualTo(6);
      assertThat(line.training()).isEqualTo(16);
      assertThat(List.of(line.alone(), line.pooled(), line.global(), line.personal(), line.kept()))
          .allMatch(dice -> dice.isPresent() && dice.get() >= 0 && dice.get() <= 1);
      assertThat(line.choice()).isIn(Set.of("global", "personal", "local-only"));
    }
    assertThat(out.resolve("report.html")).content().contains("kept − alone", "dark");
    assertThat(out.resolve("report.json")).content().contains("\"heldBack\"");
  }

  @Test
  void prepare_thatDoesNotFit_isRefusedInOneLine() {
    refused("by:scanner", "", "the cases have no such column");
    refused("label-skew:0.3", "", "shared out by iid or by:COLUMN");
    refused("by:centre", "east.invert=true", "no site east; they are [bright, dark]");
    refused("by:centre", "dark.holdBack=24", "site dark of 24 images would have 0 to train on");
  }

  private void refused(String partition, String option, String words) {
    assertThatThrownBy(() -> prepared(folder.resolve("none"), partition, option))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(words);
  }

  private OwnRun prepared(Path out, String partition, String option)
      throws Refusal, IOException, InterruptedException {
    List<String> options = option.isEmpty() ? List.of() : List.of(option);
    return OwnRun.prepare(
        new RunOptions(
            study,
            data,
            2,
            Partition.parse(partition),
            Shift.Kinds.NONE,
            1,
            out,
            true,
            false,
            false,
            2,
            SiteOptions.parse(options),
            java.util.Optional.empty()),
        Packaged.installation());
  }

  private static InstantSource clock() {
    return InstantSource.system();
  }

  /** 20×24, so that tiles overlap; the mask numbers its one instance in 16 bits. */
  private void square(int number, String centre) throws IOException {
    int ground = centre.equals("dark") ? 220 : 20;
    BufferedImage image = new BufferedImage(24, 20, BufferedImage.TYPE_BYTE_GRAY);
    BufferedImage mask = new BufferedImage(24, 20, BufferedImage.TYPE_USHORT_GRAY);
    for (int y = 0; y < 20; y++) {
      for (int x = 0; x < 24; x++) {
        boolean inside = Math.abs(x - 6 - number % 8) < 5 && Math.abs(y - 8 - number % 4) < 4;
        image.getRaster().setSample(x, y, 0, inside ? 240 - ground : ground);
        mask.getRaster().setSample(x, y, 0, inside ? 300 : 0);
      }
    }
    String name = "p%02d.png".formatted(number);
    ImageIO.write(image, "png", data.resolve("images").resolve(name).toFile());
    ImageIO.write(mask, "png", data.resolve("labels").resolve(name).toFile());
  }
}
