package org.consilium.models.data.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CaseFolderTest {
  @TempDir Path folder;

  @BeforeEach
  void pictures() throws IOException {
    for (int i = 0; i < 6; i++) {
      grey("p" + i + ".png", 4, 3, 10 * i);
    }
  }

  @Test
  void table_withSplitsAndWords_isReadAsWritten() throws IOException {
    Files.writeString(folder.resolve("labels.txt"), "normal\nsick\n");
    List<String> lines =
        List.of(
            "path,label,patient,split,stratum_sex",
            "p0.png,normal,a,train,f",
            "\"p1.png\",sick,b,train,m\r",
            "",
            "p2.png,1,c,val,f");
    Path table = table(String.join("\n", lines));

    CaseFolder read = CaseFolder.read(table, FolderRules.PLAIN);

    assertThat(read.labels()).containsExactly("normal", "sick");
    CaseFolder.Part train = read.part(Split.TRAIN).orElseThrow();
    assertThat(train.images().labels()).containsExactly(0, 1);
    assertThat(train.images().pixel(1, 0)).isEqualTo(10);
    assertThat(train.facts().get(1).strata()).containsEntry("stratum_sex", "m");
    assertThat(read.part(Split.VALIDATION).orElseThrow().images().count()).isEqualTo(1);
    assertThat(read.parts()).doesNotContainKey(Split.TEST);
  }

  @Test
  void table_withTexts_givesThemAndMakesNoStratumOfThem() throws IOException {
    Path table =
        table("path,label,split,text\np0.png,0,train,\"no lesion, normal\"\np1.png,1,train,mass\n");

    CaseFolder.Part train =
        CaseFolder.read(table, FolderRules.PLAIN).part(Split.TRAIN).orElseThrow();

    assertThat(train.texts().orElseThrow().texts()).containsExactly("no lesion, normal", "mass");
    assertThat(train.facts().getFirst().strata()).isEmpty();
    refused("path,label,text\np0.png,0, \n", "text is empty", "line 2");
    refused("path,label,text\np0.png,0," + "a".repeat(1025) + "\n", "text too long", "1025 bytes");
    Path plain = table("path,label,split\np0.png,0,train\n");
    assertThat(CaseFolder.read(plain, FolderRules.PLAIN).part(Split.TRAIN).orElseThrow().texts())
        .isEmpty();
  }

  @Test
  void table_withBrokenRules_isRefusedByLine() throws IOException {
    refused("path,label,age\np0.png,0,7\n", "unknown column", "line 1, \"age\"");
    refused("path\np0.png\n", "column is missing", "label");
    refused("path,label\n../p0.png,0\n", "must not have . or ..", "line 2");
    refused("path,label\n/etc/passwd,0\n", "relative", "line 2");
    refused("path,label\nmissing.png,0\n", "no such file", "missing.png");
    refused("path,label\np0.png,0\np0.png,0\n", "occurs twice", "line 3");
    refused("path,label\np0.png,sick\n", "label words need a label map", "labels.txt");
    refused("path,label\np0.png,-1\n", "label", "line 2");
    refused("path,label\np0.png,0,9\n", "wrong number of cells", "line 2 has 3");
    refused("path,label,split\np0.png,0,dev\n", "split must be", "\"dev\"");
    refused("path,label\n\"p0.png,0\n", "never closed", "line 2");
    refused("path,label\n", "no cases", "1 line");
    refused(
        "path,label,patient,split\np0.png,0,smith,train\np1.png,1,smith,val\n",
        "one patient in two splits",
        "line 2 is train, line 3 is val");
  }

  @Test
  void labels_ofSeveralFindings_areReadWithUnknowns() throws IOException {
    Files.writeString(folder.resolve("labels.txt"), "effusion\nnodule\nfracture\n");
    Path table =
        table(
            """
            path,labels,split
            p0.png,nodule | effusion,train
            p1.png,?fracture,train
            p2.png,,val
            """);

    CaseFolder read = CaseFolder.read(table, FolderRules.PLAIN);

    LabelledFindings train = read.part(Split.TRAIN).orElseThrow().findings().orElseThrow();
    assertThat(targets(train, 0)).containsExactly(1, 1, 0);
    assertThat(targets(train, 1)).containsExactly(0, 0, LabelledFindings.UNKNOWN);
    LabelledFindings val = read.part(Split.VALIDATION).orElseThrow().findings().orElseThrow();
    assertThat(targets(val, 0)).containsExactly(0, 0, 0);
    assertThat(read.part(Split.TRAIN).orElseThrow().images().labels()).containsExactly(1, 0);
  }

  @Test
  void labels_withBrokenRules_areRefusedByLine() throws IOException {
    refused("path,labels\np0.png,nodule\n", "findings need a label map", "labels.txt");
    refused("path,label,labels\np0.png,0,0\n", "unknown column", "\"label\"");
    Files.writeString(folder.resolve("labels.txt"), "effusion\nnodule\n");
    refused("path,labels\np0.png,mass\n", "finding outside the map", "line 2, \"mass\"");
    refused("path,labels\np0.png,nodule|\n", "finding outside the map", "line 2, \"\"");
    refused("path,labels\np0.png,nodule|?nodule\n", "finding given twice", "line 2");
    Files.writeString(folder.resolve("labels.txt"), "a|b\nnodule\n");
    refused("path,labels\np0.png,nodule\n", "has | in it");
  }

  private static int[] targets(LabelledFindings cases, int image) {
    return IntStream.range(0, cases.findings()).map(f -> cases.target(image, f)).toArray();
  }

  @Test
  void badInput_53_patientInTwoSplits_isNotNamedInTheMessage() throws IOException {
    Path table = table("path,label,patient,split\np0.png,0,smith,train\np1.png,1,smith,val\n");

    assertThatThrownBy(() -> CaseFolder.read(table, FolderRules.PLAIN))
        .hasMessageNotContaining("smith");
  }

  @Test
  void label_outsideTheCallersMap_isNamed() throws IOException {
    Path table = table("path,label\np0.png,normal\np1.png,sick\n");
    FolderRules rules = FolderRules.PLAIN.withLabels(List.of("normal", "pneumonia"));

    assertThatThrownBy(() -> CaseFolder.read(table, rules))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("label outside the map")
        .hasMessageContaining("line 3, \"sick\"");
  }

  @Test
  void badInput_42_linkOutOfTheFolder_isRefused(@TempDir Path elsewhere) throws IOException {
    Files.copy(folder.resolve("p0.png"), elsewhere.resolve("secret.png"));
    Files.createSymbolicLink(folder.resolve("link.png"), elsewhere.resolve("secret.png"));

    refused("path,label\nlink.png,0\n", "by a link", "link.png");
  }

  @Test
  void pictures_damagedOrForeign_areNamed() throws IOException {
    byte[] whole = Files.readAllBytes(folder.resolve("p0.png"));
    Files.write(folder.resolve("cut.png"), java.util.Arrays.copyOf(whole, whole.length - 20));
    Files.writeString(folder.resolve("text.png"), "no picture");
    Files.write(folder.resolve("bomb.png"), headOfPng(60_000, 60_000));
    ImageIO.write(
        new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB),
        "png",
        folder.resolve("clear.png").toFile());

    refused("path,label\ncut.png,0\n", "damaged", "line 2", "cut.png");
    refused("path,label\ntext.png,0\n", "neither PNG nor JPEG", "text.png");
    refused("path,label\nbomb.png,0\n", "too many pixels", "60000x60000");
    refused("path,label\nclear.png,0\n", "transparent", "clear.png");
  }

  @Test
  void sizes_mixed_areRefusedOrBroughtToOne() throws IOException {
    grey("wide.png", 8, 4, 100);
    Path table = table("path,label,split\np5.png,0,train\nwide.png,1,train\n");

    assertThatThrownBy(() -> CaseFolder.read(table, FolderRules.PLAIN))
        .hasMessageContaining("differs in size")
        .hasMessageContaining("1x4x8")
        .hasMessageContaining("1x3x4");

    FolderRules rules = FolderRules.PLAIN.fitting(new FolderRules.Size(4, 4), 1);
    ImageSet images = CaseFolder.read(table, rules).part(Split.TRAIN).orElseThrow().images();
    // By hand: 8x4 becomes 4x2 in the middle, one black row above and below.
    assertThat(images.pixel(1, 0)).isZero();
    assertThat(images.pixel(1, 4)).isEqualTo(100);
    assertThat(images.pixel(1, 11)).isEqualTo(100);
    assertThat(images.pixel(1, 12)).isZero();
  }

  @Test
  void sixteenBit_isScaledFromTheWholeRange() throws IOException {
    BufferedImage deep = new BufferedImage(3, 1, BufferedImage.TYPE_USHORT_GRAY);
    deep.getRaster().setSample(0, 0, 0, 0);
    deep.getRaster().setSample(1, 0, 0, 65_535);
    deep.getRaster().setSample(2, 0, 0, 257 * 7 + 100);
    ImageIO.write(deep, "png", folder.resolve("deep.png").toFile());
    Path table = table("path,label,split\ndeep.png,0,train\n");

    ImageSet images =
        CaseFolder.read(table, FolderRules.PLAIN).part(Split.TRAIN).orElseThrow().images();

    assertThat(new int[] {images.pixel(0, 0), images.pixel(0, 1), images.pixel(0, 2)})
        .containsExactly(0, 255, 7);
  }

  @Test
  void colour_isReadChannelFirstOrTurnedGrey() throws IOException {
    BufferedImage colour = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
    colour.setRGB(0, 0, 0x0A141E);
    colour.setRGB(1, 0, 0xFFFFFF);
    ImageIO.write(colour, "png", folder.resolve("colour.png").toFile());
    Path table = table("path,label,split\ncolour.png,0,train\n");

    ImageSet three =
        CaseFolder.read(table, FolderRules.PLAIN).part(Split.TRAIN).orElseThrow().images();
    FolderRules grey = new FolderRules(List.of(), Set.of(), java.util.Optional.empty(), 1, 1);
    ImageSet one = CaseFolder.read(table, grey).part(Split.TRAIN).orElseThrow().images();

    assertThat(three.image(0)).containsExactly(10, 255, 20, 255, 30, 255);
    // Rec. 601: .299 * 10 + .587 * 20 + .114 * 30 = 18.15
    assertThat(one.image(0)).containsExactly(18, 255);
  }

  private void refused(String text, String... words) throws IOException {
    Path table = table(text);
    assertThatThrownBy(() -> CaseFolder.read(table, FolderRules.PLAIN))
        .isInstanceOf(MalformedData.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(words));
  }

  private Path table(String text) throws IOException {
    return Files.writeString(folder.resolve("index.csv"), text);
  }

  private void grey(String name, int width, int height, int value) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < width * height; i++) {
      image.getRaster().setSample(i % width, i / width, 0, value);
    }
    ImageIO.write(image, "png", folder.resolve(name).toFile());
  }

  /** Signature and IHDR of a grey PNG that claims a size. */
  private static byte[] headOfPng(int width, int height) {
    java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(45);
    bytes.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10}).putInt(13);
    bytes.put(new byte[] {'I', 'H', 'D', 'R'}).putInt(width).putInt(height);
    bytes.put(new byte[] {8, 0, 0, 0, 0});
    CRC32 crc = new CRC32();
    crc.update(bytes.array(), 12, 17);
    bytes.putInt((int) crc.getValue());
    // The end chunk, whose checksum is always this one.
    return bytes.putInt(0).put(new byte[] {'I', 'E', 'N', 'D'}).putInt(0xAE426082).array();
  }
}
