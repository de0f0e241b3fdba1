package org.consilium.models.data;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reader of labelled images in the MedMNIST layout: a zip archive of NumPy arrays {@code
 * {train,val,test}_{images,labels}}, images (n, h, w) or (n, h, w, c), labels (n) or (n, 1). The
 * file is not trusted: sizes are checked before memory is taken, names in it are never used as
 * paths.
 */
public final class NpzFile {
  /** No compressor of the zip format makes more than this of one byte. */
  private static final long INFLATION_MAX = 1_032;

  private static final int ENTRIES_MAX = 64;
  private static final int CHANNELS_MAX = 4;
  private static final int CLASSES_MAX = 10_000;
  private static final int BUFFER_BYTES = 64 << 10;

  /**
   * The largest set that is read.
   *
   * @param imagesMax images of one split
   * @param pixelsMax 8-bit values of one split, which is the memory needed
   */
  public record Bounds(int imagesMax, int pixelsMax) {
    /** A million images, half a gigabyte. */
    public static final Bounds DEFAULT = new Bounds(1_000_000, 512 << 20);

    public Bounds {
      if (imagesMax < 1 || pixelsMax < 1) {
        throw new IllegalArgumentException(
            "bounds must be positive, got %d images, %d pixels".formatted(imagesMax, pixelsMax));
      }
    }
  }

  private NpzFile() {}

  /**
   * Reads one split. Float images must lie in 0-1 and are scaled to 0-255; integer ones must be
   * 0-255 already.
   *
   * @return empty if the file has neither images nor labels of that split
   * @throws MalformedData if the file is not in this layout or exceeds the bounds
   * @throws IOException if it cannot be read
   */
  public static Optional<ImageSet> read(Path file, Split split, Bounds bounds) throws IOException {
    long fileBytes = Files.size(file);
    try (ZipFile zip = new ZipFile(file.toFile(), StandardCharsets.UTF_8)) {
      Map<String, ZipEntry> entries = entries(zip, file);
      String imagesKey = split.key() + "_images";
      String labelsKey = split.key() + "_labels";
      ZipEntry images = entries.get(imagesKey + ".npy");
      ZipEntry labels = entries.get(labelsKey + ".npy");
      if (images == null && labels == null) {
        return Optional.empty();
      }
      if (images == null || labels == null) {
        throw new MalformedData(
            file,
            "half a split",
            "only %s is there".formatted(images == null ? labelsKey : imagesKey));
      }
      Source source = new Source(zip, file, fileBytes);
      int[] classes = readLabels(source, labels, labelsKey, bounds);
      return Optional.of(readImages(source, images, imagesKey, classes, bounds));
    } catch (ZipException | EOFException broken) {
      throw new MalformedData(file, "not a whole zip archive", "%d bytes".formatted(fileBytes));
    }
  }

  private record Source(ZipFile zip, Path file, long fileBytes) {
    /** Opens an entry; the array's header is read and agrees with what the archive says. */
    Opened open(ZipEntry entry, String key) throws IOException {
      DataInputStream in = new DataInputStream(zip.getInputStream(entry));
      NpyArray array = NpyArray.readHeader(in, file, key);
      long wanted;
      try {
        wanted = Math.addExact(array.dataBytes(), (long) array.headerBytes());
      } catch (ArithmeticException overflow) {
        throw new MalformedData(file, "array shape overflows", key + " " + array.shape());
      }
      long possible =
          Math.multiplyExact(Math.min(entry.getCompressedSize(), fileBytes), INFLATION_MAX);
      if (wanted != entry.getSize() || wanted > possible) {
        throw new MalformedData(
            file,
            "array size",
            "%s %s needs %d bytes, the archive has %d, packed %d"
                .formatted(key, array.shape(), wanted, entry.getSize(), entry.getCompressedSize()));
      }
      return new Opened(array, in, key);
    }
  }

  private record Opened(NpyArray array, DataInputStream in, String key) {}

  /** Where one value of an array goes. */
  private interface Sink {
    void accept(int index, double value) throws MalformedData;
  }

  private static Map<String, ZipEntry> entries(ZipFile zip, Path file) throws MalformedData {
    if (zip.size() > ENTRIES_MAX) {
      throw new MalformedData(
          file, "too many arrays", "%d, at most %d".formatted(zip.size(), ENTRIES_MAX));
    }
    Map<String, ZipEntry> entries = new HashMap<>();
    for (ZipEntry entry : Collections.list(zip.entries())) {
      if (entries.put(entry.getName(), entry) != null) {
        throw new MalformedData(file, "an array occurs twice", "%d entries".formatted(zip.size()));
      }
    }
    return entries;
  }

  private static int[] readLabels(Source source, ZipEntry entry, String key, Bounds bounds)
      throws IOException {
    Opened opened = source.open(entry, key);
    List<Integer> shape = opened.array().shape();
    boolean column = shape.size() == 1 || (shape.size() == 2 && shape.get(1) == 1);
    if (!column || opened.array().type() == NpyArray.Type.F4) {
      throw new MalformedData(
          source.file(),
          "labels must be whole numbers of shape (n) or (n, 1)",
          "%s is %s %s".formatted(key, opened.array().type(), shape));
    }
    checkCount(source.file(), key, shape.get(0), bounds);
    int[] labels = new int[shape.get(0)];
    readValues(
        opened,
        source.file(),
        (index, value) -> {
          if (value < 0 || value >= CLASSES_MAX) {
            throw new MalformedData(
                source.file(),
                "label out of range",
                "%s[%d], 0-%d allowed".formatted(key, index, CLASSES_MAX - 1));
          }
          labels[index] = (int) value;
        });
    return labels;
  }

  private static ImageSet readImages(
      Source source, ZipEntry entry, String key, int[] labels, Bounds bounds) throws IOException {
    Opened opened = source.open(entry, key);
    List<Integer> shape = opened.array().shape();
    int channels = shape.size() == 4 ? shape.get(3) : 1;
    if (shape.size() < 3 || channels > CHANNELS_MAX) {
      throw new MalformedData(
          source.file(),
          "images must have shape (n, h, w) or (n, h, w, c) with c 1-4",
          "%s is %s".formatted(key, shape));
    }
    checkCount(source.file(), key, shape.get(0), bounds);
    if (shape.get(0) != labels.length) {
      throw new MalformedData(
          source.file(),
          "images and labels differ in number",
          "%d images, %d labels".formatted(shape.get(0), labels.length));
    }
    if (opened.array().length() > bounds.pixelsMax()) {
      throw new MalformedData(
          source.file(),
          "too many pixels",
          "%s %s, at most %d".formatted(key, shape, bounds.pixelsMax()));
    }
    int area = shape.get(1) * shape.get(2);
    byte[] pixels = new byte[(int) opened.array().length()];
    boolean unit = opened.array().type() == NpyArray.Type.F4;
    double valueMax = unit ? 1 : 255;
    readValues(
        opened,
        source.file(),
        (index, value) -> {
          if (!(value >= 0 && value <= valueMax)) {
            throw new MalformedData(
                source.file(),
                "grey value out of range",
                "%s[%d], 0-%.0f allowed".formatted(key, index, valueMax));
          }
          int image = index / (area * channels);
          int within = index % (area * channels);
          int place = (image * channels + within % channels) * area + within / channels;
          pixels[place] = (byte) (unit ? Math.round(value * 255) : (int) value);
        });
    return new ImageSet(channels, shape.get(1), shape.get(2), pixels, labels);
  }

  private static void checkCount(Path file, String key, int count, Bounds bounds)
      throws MalformedData {
    if (count > bounds.imagesMax()) {
      throw new MalformedData(
          file,
          "too many images",
          "%s has %d, at most %d".formatted(key, count, bounds.imagesMax()));
    }
  }

  private static void readValues(Opened opened, Path file, Sink sink) throws IOException {
    NpyArray.Type type = opened.array().type();
    byte[] bytes = new byte[BUFFER_BYTES];
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long length = opened.array().length();
    int index = 0;
    while (index < length) {
      int now = (int) Math.min(length - index, BUFFER_BYTES / type.bytes());
      int got = opened.in().readNBytes(bytes, 0, now * type.bytes());
      if (got != now * type.bytes()) {
        throw new MalformedData(
            file, "array cut short", "%s at value %d of %d".formatted(opened.key(), index, length));
      }
      for (int i = 0; i < now; i++) {
        double value =
            switch (type) {
              case U1 -> bytes[i] & 0xff;
              case I2 -> buffer.getShort(2 * i);
              case I8 -> buffer.getLong(8 * i);
              case F4 -> buffer.getFloat(4 * i);
            };
        sink.accept(index + i, value);
      }
      index += now;
    }
    if (opened.in().read() != -1) {
      throw new MalformedData(file, "array longer than its shape", opened.key());
    }
  }
}
