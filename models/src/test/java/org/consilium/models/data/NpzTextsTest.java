package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.consilium.models.data.NpzFile.Bounds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTextsTest {
  private static final ImageSet TWO = new ImageSet(1, 1, 1, new byte[] {1, 2}, new int[] {0, 1});

  @TempDir Path folder;

  @Test
  void texts_written_readBackAsTheyWere() throws IOException {
    Path file = folder.resolve("with.npz");
    List<String> said = List.of("no lesion", "Läsion, 病灶, upper left");

    NpzWriter.write(file, Map.of(Split.TRAIN, TWO), Map.of(Split.TRAIN, said));

    LabelledTexts read = NpzTexts.read(file, Split.TRAIN, TWO, Bounds.DEFAULT).orElseThrow();
    assertThat(read.texts()).isEqualTo(said);
    assertThat(read.subset(new int[] {1}).texts()).containsExactly(said.get(1));
    assertThat(NpzFile.read(file, Split.TRAIN, Bounds.DEFAULT)).isPresent();
  }

  @Test
  void texts_ofAFileWithout_areAbsent() throws IOException {
    Path file = folder.resolve("without.npz");
    NpzWriter.write(file, Map.of(Split.TRAIN, TWO));

    assertThat(NpzTexts.read(file, Split.TRAIN, TWO, Bounds.DEFAULT)).isEmpty();
  }

  @Test
  void texts_notInTheLayout_areRefusedWithoutBeingRepeated() throws IOException {
    refused("2, 2", "ab\0\0", "text is empty");
    refused("2, 2", "ab \0", "text is empty");
    refused("2, 3", "abcx\0y", "text has a zero within");
    refused("1, 2", "ab", "images and texts differ in number");
    refused("4,", "abcd", "texts must be unsigned bytes of shape (n, m)");
    refused("2, 1025", "a".repeat(2050), "text too long");
    Path file = npz("|u1", "2, 2", new byte[] {'o', 'k', (byte) 0xc3, 'x'});
    assertThatThrownBy(() -> NpzTexts.read(file, Split.TRAIN, TWO, Bounds.DEFAULT))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining("text is not UTF-8")
        .hasMessageContaining("train_texts, row 1");
    Path signed = npz("|i1", "2, 2", "abcd".getBytes(StandardCharsets.US_ASCII));
    assertThatThrownBy(() -> NpzTexts.read(signed, Split.TRAIN, TWO, Bounds.DEFAULT))
        .hasMessageContaining("unsigned bytes");
  }

  private void refused(String shape, String bytes, String why) throws IOException {
    Path file = npz("|u1", shape, bytes.getBytes(StandardCharsets.US_ASCII));
    assertThatThrownBy(() -> NpzTexts.read(file, Split.TRAIN, TWO, Bounds.DEFAULT))
        .isInstanceOf(MalformedData.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("abc");
  }

  private Path npz(String type, String shape, byte[] values) throws IOException {
    Path file = Files.createTempFile(folder, "texts", ".npz");
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n".formatted(type, shape);
    ByteBuffer head = ByteBuffer.allocate(10 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
    head.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) 1);
    head.put((byte) 0).putShort((short) header.length());
    head.put(header.getBytes(StandardCharsets.US_ASCII));
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("train_texts.npy"));
      zip.write(head.array());
      zip.write(values);
      zip.closeEntry();
    }
    return file;
  }
}
