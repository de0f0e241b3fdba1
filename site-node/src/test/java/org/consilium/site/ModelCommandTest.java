package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelCommandTest {
  private static final ModelSheet SHEET =
      new ModelSheet(
          new ModelSpec("resnet-gn-tiny", 1, 16, 16, 1, 0),
          List.of("normal", "lesion"),
          "fixed",
          0.5,
          0.25);

  @TempDir Path folder;

  private record Run(int exit, String out) {}

  @BeforeEach
  void writeData() throws IOException {
    byte[] pixels = new byte[8 * 16 * 16];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 31);
    }
    ImageSet cases = new ImageSet(1, 16, 16, pixels, new int[] {0, 1, 0, 1, 0, 1, 0, 1});
    NpzWriter.write(folder.resolve("data.npz"), Map.of(Split.TEST, cases));
  }

  @Test
  void evaluate_fileThatNamesItself_needsNoMoreThanFileAndData() throws IOException {
    Run run = evaluate(SHEET.metadata());

    assertThat(run.exit()).as(run.out()).isZero();
    assertThat(run.out())
        .contains("\"status\":\"ok\"", "\"architecture\":\"resnet-gn-tiny\"", "\"n\":8")
        .contains("\"labels\":[\"normal\",\"lesion\"]", "\"auroc\":");
  }

  @Test
  void evaluate_fileThatDoesNotSay_isRefusedWithItsOwnCode() throws IOException {
    Map<String, String> metadata = new HashMap<>(SHEET.metadata());
    metadata.remove("normalisation");

    Run silent = evaluate(metadata);
    Run otherwise = evaluate(metadata, "--normalisation", "image");

    assertThat(silent.exit()).isEqualTo(1);
    assertThat(silent.out()).contains("CS-MODEL-002", "have no normalisation");
    assertThat(otherwise.exit()).as(otherwise.out()).isZero();
  }

  @Test
  void evaluate_fileOfOtherOrigin_isJudgedOnTheWordOfTheOptions() throws IOException {
    Run unsaid = evaluate(Map.of());
    Run said = evaluate(Map.of(), "--architecture", "resnet-gn-tiny", "--normalisation", "fixed");
    Run wrong = evaluate(Map.of(), "--architecture", "resnet-gn", "--normalisation", "fixed");

    assertThat(unsaid.out()).contains("CS-MODEL-002", "have no architecture");
    assertThat(said.exit()).as(said.out()).isZero();
    assertThat(wrong.out()).contains("CS-MODEL-002", "tensors");
  }

  @Test
  void inspect_checkpoint_showsTensorsFamilyDigestAndLicence() throws IOException {
    Path file = timmFile("retfound.safetensors");

    Run run = run("model", "inspect", file.toString(), "--json");

    assertThat(run.exit()).as(run.out()).isZero();
    assertThat(run.out())
        .contains("\"family\":\"timm\"", "RETFound: CC BY-NC 4.0", "\"parameters\":26625")
        .contains("blocks.1.attn.qkv.weight", "[96,32]", "F32")
        .containsPattern("\"sha256\":\"[0-9a-f]{64}\"");
  }

  @Test
  void convert_checkpoint_writesOurNamesAndRefusesWhatDoesNotFit() throws IOException {
    Path from = timmFile("theirs.safetensors");
    Path to = folder.resolve("ours.safetensors");

    Run written = convert(from, to, "timm", "16");
    Run again = convert(from, to, "timm", "16");
    Run grid = convert(from, folder.resolve("other.safetensors"), "timm", "20");
    Run epsilon = convert(from, folder.resolve("other.safetensors"), "hf-vit", "16");
    Run family = convert(from, folder.resolve("other.safetensors"), "nobody", "16");

    assertThat(written.exit()).as(written.out()).isZero();
    assertThat(written.out()).contains("\"parameters\":26625", "\"resampled\":false");
    assertThat(again.exit()).isEqualTo(6);
    assertThat(grid.out()).contains("CS-MODEL-004", "16 cells, the architecture 5 x 5");
    assertThat(grid.exit()).isEqualTo(1);
    assertThat(epsilon.out()).contains("CS-MODEL-004", "1.0E-12");
    assertThat(family.out()).contains("CS-USAGE-001", "--family must be one of timm");
    assertThat(folder.resolve("other.safetensors")).doesNotExist();
  }

  @Test
  void verify_folderThatCannotBeUsed_isRefusedInOneLineWithExitTwo() throws IOException {
    Run missing = run("model", "verify", folder.resolve("nowhere").toString());
    Files.writeString(folder.resolve("config.json"), "{\"reference\":", StandardCharsets.UTF_8);
    Run broken = run("model", "verify", folder.toString(), "--json");
    Files.writeString(
        folder.resolve("config.json"),
        "{\"reference\":\"timm, VisionTransformer\",\"arguments\":{\"depth\":0}}",
        StandardCharsets.UTF_8);
    Run empty = run("model", "verify", folder.toString(), "--json");

    assertThat(missing.exit()).isEqualTo(2);
    assertThat(broken.exit()).isEqualTo(2);
    assertThat(broken.out()).contains("CS-MODEL-003", "not a JSON object").hasLineCount(1);
    assertThat(empty.exit()).isEqualTo(2);
    assertThat(empty.out()).contains("CS-MODEL-003", "depth 0").hasLineCount(1);
  }

  @Test
  void verify_folderOfAnotherImplementation_exitsZeroOnlyIfAllAgrees() throws IOException {
    // Reference by hand: with every weight zero each output is zero, but for the head's bias.
    VisionTransformerFolder.write(folder.resolve("good"), 0.5f);
    VisionTransformerFolder.write(folder.resolve("bad"), 0.6f);

    Run good = run("model", "verify", folder.resolve("good").toString());
    Run bad = run("model", "verify", folder.resolve("bad").toString(), "--json");

    assertThat(good.exit()).as(good.out()).isZero();
    assertThat(good.out()).contains("ok   logits", "1 outputs compared, 0 outside");
    assertThat(bad.exit()).isEqualTo(1);
    assertThat(bad.out()).contains("\"passed\":false", "\"failed\":1");
  }

  @Test
  void list_catalogue_showsCountsAndLicences() {
    Run run = run("model", "list");

    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("vit-base-14-dinov2", "85,799,425", "RETFound");
  }

  private Run convert(Path from, Path to, String family, String edge) {
    return run(
        "model",
        "convert",
        from.toString(),
        "--family=" + family,
        "--architecture=vit-test",
        "--channels=1",
        "--height=" + edge,
        "--width=" + edge,
        "--out=" + to,
        "--json");
  }

  private Path timmFile(String name) throws IOException {
    ParameterSource source =
        Catalogue.require(new ModelSpec("vit-test", 1, 16, 16, 1, 0)).initial(7);
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    Path file = folder.resolve(name);
    try (SafetensorsWriter out = SafetensorsWriter.create(file, source.layout(), Map.of())) {
      out.write(values, 0, values.length);
      var _ = out.finish(false);
    }
    return file;
  }

  private Run evaluate(Map<String, String> metadata, String... options) throws IOException {
    ParameterSource source = Catalogue.require(SHEET.spec()).initial(7);
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    Path model = folder.resolve("model.safetensors");
    try (SafetensorsWriter out = SafetensorsWriter.create(model, source.layout(), metadata)) {
      out.write(values, 0, values.length);
      var _ = out.finish();
    }
    ArrayList<String> words =
        new ArrayList<>(List.of("model", "evaluate", "--model", model.toString(), "--data"));
    words.addAll(List.of(folder.resolve("data.npz").toString(), "--split", "test", "--json"));
    words.addAll(List.of(options));
    return run(words.toArray(String[]::new));
  }

  private static Run run(String... words) {
    StringWriter text = new StringWriter();
    Console console =
        new Console(
            new PrintWriter(text), new PrintWriter(new StringWriter()), InstantSource.system());
    int exit = SiteMain.run(console, new SecureRandom(), words);
    return new Run(exit, text.toString());
  }
}
