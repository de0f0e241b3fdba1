package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.consilium.models.data.NpzFile.Bounds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NpzFileTest {
  @TempDir Path folder;

  @Test
  void set_written_readsBackEqualAndTwiceTheSameBytes() throws IOException {
    ImageSet colour =
        new ImageSet(
            3, 2, 2, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, (byte) 255}, new int[] {7});
    ImageSet grey = new ImageSet(1, 1, 3, new byte[] {1, 2, 3, 4, 5, 6}, new int[] {0, 1});
    Path one = folder.resolve("one.npz");
    Path two = folder.resolve("two.npz");

    NpzWriter.write(one, Map.of(Split.TRAIN, colour, Split.TEST, grey));
    NpzWriter.write(two, Map.of(Split.TEST, grey, Split.TRAIN, colour));

    assertThat(one).hasSameBinaryContentAs(two);
    ImageSet back = NpzFile.read(one, Split.TRAIN, Bounds.DEFAULT).orElseThrow();
    assertThat(back.channels()).isEqualTo(3);
    assertThat(back.labels()).containsExactly(7);
    for (int at = 0; at < 12; at++) {
      assertThat(back.pixel(0, at)).isEqualTo(colour.pixel(0, at));
    }
    assertThat(NpzFile.read(one, Split.TEST, Bounds.DEFAULT).orElseThrow().pixel(1, 2))
        .isEqualTo(6);
    assertThat(NpzFile.read(one, Split.VALIDATION, Bounds.DEFAULT)).isEmpty();
  }

  @Test
  void arrays_ofOtherTypes_areRead() throws IOException {
    ByteBuffer floats = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    floats.putFloat(0).putFloat(.5f).putFloat(1).putFloat(.2f);
    ByteBuffer longs = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(3);
    Path file = npz("<f4", "1, 2, 2", floats.array(), "<i8", "1,", longs.array());
    ImageSet set = NpzFile.read(file, Split.TRAIN, Bounds.DEFAULT).orElseThrow();
    assertThat(set.label(0)).isEqualTo(3);
    assertThat(new int[] {set.pixel(0, 0), set.pixel(0, 1), set.pixel(0, 2), set.pixel(0, 3)})
        .containsExactly(0, 128, 255, 51);
  }

  @Test
  void labels_ofSeveralFindings_areReadWithUnknowns() throws IOException {
    byte[] images = {1, 2, 3, 4, 5, 6, 7, 8};
    Path file = npz("|u1", "2, 2, 2", images, "|i1", "2, 3", new byte[] {1, 0, -1, 0, 0, -1});

    LabelledFindings set = NpzFile.readFindings(file, Split.TRAIN, Bounds.DEFAULT).orElseThrow();

    assertThat(set.findings()).isEqualTo(3);
    assertThat(set.target(0, 2)).isEqualTo(LabelledFindings.UNKNOWN);
    assertThat(set.countOf(0, 1)).isEqualTo(1);
    assertThat(set.images().labels()).containsExactly(1, 0);
    assertThat(set.subset(new int[] {1}).target(0, 2)).isEqualTo(-1);
    Path wrong = npz("|u1", "2, 2, 2", images, "|i1", "2, 3", new byte[] {1, 0, 2, 0, 0, 0});
    assertThatThrownBy(() -> NpzFile.readFindings(wrong, Split.TRAIN, Bounds.DEFAULT))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("train_labels[2]; -1, 0 or 1 allowed");
  }

  @Test
  void arrays_withBrokenRules_areRefusedByName() throws IOException {
    byte[] four = {1, 2, 3, 4};
    refused(npz("|u1", "1, 2, 2", four, "|u1", "2,", new byte[2]), "1 images, 2 labels");
    refused(npz("|u1", "4,", four, "|u1", "1,", new byte[1]), "images must have shape");
    refused(npz("|O", "1, 2, 2", four, "|u1", "1,", new byte[1]), "array type");
    refused(npz("<f8", "1, 2, 2", four, "|u1", "1,", new byte[1]), "train_images is <f8");
    refused(npz("|u1", "1, 2, 3", four, "|u1", "1,", new byte[1]), "array size");
    refused(npz("|u1", "1, 0, 2", four, "|u1", "1,", new byte[1]), "array shape");
    refused(npz("|u1", "99999, 99999, 99999", four, "|u1", "1,", new byte[1]), "array size");
    refused(
        npz("<i8", "2147483647, 2147483647, 2147483647", four, "|u1", "1,", new byte[1]),
        "array shape overflows");
    refused(npz("|u1", "1, 2, 2", four, "<f4", "1,", four), "labels must be whole numbers");
    refused(npz("|u1", "1, 2, 2", four, "<i2", "1,", new byte[] {-1, -1}), "label out of range");
    refused(
        npz("<i2", "1, 1, 2", new byte[] {0, 1, 0, 0}, "|u1", "1,", new byte[1]),
        "grey value out of range: train_images[0]");
    refused(
        npz("<f4", "1, 1, 1", new byte[] {0, 0, (byte) 0xc0, 0x7f}, "|u1", "1,", new byte[1]),
        "grey value out of range");
  }

  @Test
  void badInput_53_patientInTwoSplits_isRefusedByNumber() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("train_patients.npy", npy("|u1", "3,", new byte[] {7, 7, 9}));
    entries.put("test_patients.npy", npy("|u1", "2,", new byte[] {8, 9}));
    Path file = zip(entries);
    assertThatThrownBy(() -> NpzFile.requirePatientsApart(file, Bounds.DEFAULT))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("a patient is in two splits: patient 9 in train and test");
    entries.put("test_patients.npy", npy("|u1", "2,", new byte[] {8, 8}));
    NpzFile.requirePatientsApart(zip(entries), Bounds.DEFAULT);
  }

  @Test
  void badInput_42_archiveThatUnfoldsBeyondTheBounds_isRefusedBeforeReading() throws IOException {
    Path file = npz("|u1", "2, 2, 2", new byte[8], "|u1", "2,", new byte[2]);
    assertThatThrownBy(() -> NpzFile.read(file, Split.TRAIN, new Bounds(1, 100)))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("train_labels has 2, at most 1");
    assertThatThrownBy(() -> NpzFile.read(file, Split.TRAIN, new Bounds(2, 7)))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("too many pixels");
  }

  @Test
  void file_thatIsNoZipOrHalfASplit_isRefused() throws IOException {
    refused(Files.write(folder.resolve("text.npz"), new byte[500]), "not a whole zip archive");
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("train_images.npy", npy("|u1", "1, 2, 2", new byte[4]));
    refused(zip(entries), "half a split: only train_images");
  }

  @Test
  void badInput_42_namesThatPointElsewhere_areIgnored() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("../../escape.npy", new byte[3]);
    entries.put("/etc/escape", new byte[3]);
    assertThat(NpzFile.read(zip(entries), Split.TRAIN, Bounds.DEFAULT)).isEmpty();
    try (var files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile)).hasSize(1);
    }
  }

  @Test
  void file_mutatedAndCut_isReadOrRefusedButNothingElse() throws IOException {
    byte[] whole =
        Files.readAllBytes(npz("|u1", "2, 2, 2", new byte[8], "<i8", "2, 1", new byte[16]));
    SplittableRandom random = new SplittableRandom(4);
    int refused = 0;
    for (int i = 0; i < 1_500; i++) {
      byte[] mutant = i < whole.length ? Arrays.copyOf(whole, i) : whole.clone();
      for (int c = 0; i >= whole.length && c < 3; c++) {
        mutant[random.nextInt(mutant.length)] = (byte) random.nextInt();
      }
      Path file = Files.write(folder.resolve("mutant.npz"), mutant);
      try {
        NpzFile.read(file, Split.TRAIN, Bounds.DEFAULT);
      } catch (MalformedData expected) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(whole.length / 2);
  }

  @Test
  void pneumoniaMnist_ifPresent_hasThePublishedCounts() throws IOException {
    Path file =
        Path.of(System.getProperty("consilium.root", "."))
            .resolve("../shared/data/pneumoniamnist-train-val.npz");
    assumeTrue(Files.exists(file), "SKIP pneumoniamnist: ../shared/data not present");
    ImageSet train = NpzFile.read(file, Split.TRAIN, Bounds.DEFAULT).orElseThrow();
    ImageSet val = NpzFile.read(file, Split.VALIDATION, Bounds.DEFAULT).orElseThrow();
    assertThat(NpzFile.read(file, Split.TEST, Bounds.DEFAULT)).isEmpty();
    assertThat(train.countOf(0)).isEqualTo(1214);
    assertThat(train.countOf(1)).isEqualTo(3494);
    assertThat(val.countOf(0)).isEqualTo(135);
    assertThat(val.countOf(1)).isEqualTo(389);
    assertThat(train.imageLength()).isEqualTo(784);
  }

  private static void refused(Path file, String message) {
    assertThatThrownBy(() -> NpzFile.read(file, Split.TRAIN, Bounds.DEFAULT))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining(message);
  }

  private Path npz(
      String imageType,
      String imageShape,
      byte[] images,
      String labelType,
      String labelShape,
      byte[] labels)
      throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("train_images.npy", npy(imageType, imageShape, images));
    entries.put("train_labels.npy", npy(labelType, labelShape, labels));
    return zip(entries);
  }

  private Path zip(Map<String, byte[]> entries) throws IOException {
    Path file = Files.createTempFile(folder, "set", ".npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
      }
    }
    return file;
  }

  /** An array as NumPy writes it in format version 1. */
  private static byte[] npy(String type, String shape, byte[] values) throws IOException {
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type, shape);
    String padded = header + " ".repeat(Math.floorMod(-header.length() - 11, 64)) + "\n";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    out.write(padded.length() & 0xff);
    out.write(padded.length() >> 8);
    out.write(padded.getBytes(StandardCharsets.US_ASCII));
    out.write(values);
    return out.toByteArray();
  }
}
