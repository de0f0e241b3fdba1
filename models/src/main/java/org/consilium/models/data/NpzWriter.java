package org.consilium.models.data;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writer of the layout that {@link NpzFile} and {@link NpzTexts} read: 8-bit arrays, labels of
 * shape (n, 1). Equal sets give equal bytes on one Java release: entry times are fixed.
 */
public final class NpzWriter {
  private static final LocalDateTime ENTRY_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);
  private static final int ALIGNMENT_BYTES = 64;

  private NpzWriter() {}

  /**
   * Writes a file that holds the given splits; an existing one is replaced.
   *
   * @throws IllegalArgumentException if a label exceeds 255
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, Map<Split, ImageSet> splits) throws IOException {
    write(file, splits, Map.of());
  }

  /**
   * The same with texts, for some splits or all.
   *
   * @param texts one an image of its split
   */
  public static void write(Path file, Map<Split, ImageSet> splits, Map<Split, List<String>> texts)
      throws IOException {
    try (ZipOutputStream zip = zip(file)) {
      for (Map.Entry<Split, ImageSet> split : new TreeMap<>(splits).entrySet()) {
        writeImages(zip, split.getKey().key() + "_images.npy", split.getValue());
        writeLabels(zip, split.getKey().key() + "_labels.npy", split.getValue());
        List<String> said = texts.get(split.getKey());
        if (said != null) {
          String name = split.getKey().key() + "_texts.npy";
          writeTexts(zip, name, new LabelledTexts(split.getValue(), said).texts());
        }
      }
    }
  }

  /**
   * Writes a file with several findings an image; an existing one is replaced.
   *
   * @throws IOException if the file cannot be written
   */
  public static void writeFindings(Path file, Map<Split, LabelledFindings> splits)
      throws IOException {
    try (ZipOutputStream zip = zip(file)) {
      for (Map.Entry<Split, LabelledFindings> split : new TreeMap<>(splits).entrySet()) {
        LabelledFindings set = split.getValue();
        writeImages(zip, split.getKey().key() + "_images.npy", set.images());
        String shape = "%d, %d".formatted(set.count(), set.findings());
        begin(zip, split.getKey().key() + "_labels.npy", "|i1", shape);
        for (int i = 0; i < set.count(); i++) {
          for (int finding = 0; finding < set.findings(); finding++) {
            zip.write(set.target(i, finding));
          }
        }
        zip.closeEntry();
      }
    }
  }

  private static ZipOutputStream zip(Path file) throws IOException {
    return new ZipOutputStream(
        new BufferedOutputStream(Files.newOutputStream(file)), StandardCharsets.UTF_8);
  }

  private static void writeImages(ZipOutputStream zip, String name, ImageSet set)
      throws IOException {
    String shape = "%d, %d, %d".formatted(set.count(), set.height(), set.width());
    begin(zip, name, set.channels() == 1 ? shape : shape + ", " + set.channels());
    int area = set.height() * set.width();
    byte[] image = new byte[set.imageLength()];
    for (int i = 0; i < set.count(); i++) {
      for (int at = 0; at < image.length; at++) {
        image[at] = (byte) set.pixel(i, at % set.channels() * area + at / set.channels());
      }
      zip.write(image);
    }
    zip.closeEntry();
  }

  private static void writeLabels(ZipOutputStream zip, String name, ImageSet set)
      throws IOException {
    begin(zip, name, "%d, 1".formatted(set.count()));
    byte[] labels = new byte[set.count()];
    for (int i = 0; i < labels.length; i++) {
      if (set.label(i) > 255) {
        throw new IllegalArgumentException("label %d exceeds 255".formatted(set.label(i)));
      }
      labels[i] = (byte) set.label(i);
    }
    zip.write(labels);
    zip.closeEntry();
  }

  private static void writeTexts(ZipOutputStream zip, String name, List<String> texts)
      throws IOException {
    List<byte[]> rows = texts.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
    int width = rows.stream().mapToInt(row -> row.length).max().orElse(1);
    begin(zip, name, "%d, %d".formatted(rows.size(), width));
    for (byte[] row : rows) {
      zip.write(Arrays.copyOf(row, width));
    }
    zip.closeEntry();
  }

  private static void begin(ZipOutputStream zip, String name, String shape) throws IOException {
    begin(zip, name, "|u1", shape);
  }

  private static void begin(ZipOutputStream zip, String name, String type, String shape)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(ENTRY_TIME);
    zip.putNextEntry(entry);
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type, shape);
    int length = Math.ceilDiv(10 + header.length() + 1, ALIGNMENT_BYTES) * ALIGNMENT_BYTES - 10;
    ByteBuffer bytes = ByteBuffer.allocate(10 + length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    bytes.put((byte) 1).put((byte) 0).putShort((short) length);
    bytes.put(header.getBytes(StandardCharsets.US_ASCII));
    while (bytes.remaining() > 1) {
      bytes.put((byte) ' ');
    }
    zip.write(bytes.put((byte) '\n').array());
  }
}
