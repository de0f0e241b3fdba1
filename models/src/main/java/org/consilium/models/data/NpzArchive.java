package org.consilium.models.data;

import java.io.Closeable;
import java.io.DataInputStream;
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
import java.util.zip.ZipFile;

/**
 * A zip archive of NumPy arrays that is not trusted: an array's header, its size in the archive and
 * what the compressor can have made of it must agree before any memory is taken.
 */
final class NpzArchive implements Closeable {
  /** No compressor of the zip format makes more than this of one byte. */
  private static final long INFLATION_MAX = 1_032;

  private static final int ENTRIES_MAX = 64;
  private static final int BUFFER_BYTES = 64 << 10;

  private final Path file;
  private final long fileBytes;
  private final ZipFile zip;
  private final Map<String, ZipEntry> entries;

  private NpzArchive(Path file, long fileBytes, ZipFile zip, Map<String, ZipEntry> entries) {
    this.file = file;
    this.fileBytes = fileBytes;
    this.zip = zip;
    this.entries = entries;
  }

  static NpzArchive open(Path file) throws IOException {
    ZipFile zip = new ZipFile(file.toFile(), StandardCharsets.UTF_8);
    try {
      return new NpzArchive(file, Files.size(file), zip, entries(zip, file));
    } catch (IOException refused) {
      zip.close();
      throw refused;
    }
  }

  boolean has(String key) {
    return entries.containsKey(key + ".npy");
  }

  /** Opens an array, its header read and checked. */
  Optional<Opened> find(String key) throws IOException {
    ZipEntry entry = entries.get(key + ".npy");
    if (entry == null) {
      return Optional.empty();
    }
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
    return Optional.of(new Opened(file, array, in, key));
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  /** Where one value of an array goes. */
  interface Sink {
    void accept(int index, double value) throws MalformedData;
  }

  /** An array whose values are still to be read. */
  record Opened(Path file, NpyArray array, DataInputStream in, String key) {
    List<Integer> shape() {
      return array.shape();
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation is in no library of this module
    MalformedData refusal(String what, String format, Object... numbers) {
      return new MalformedData(file, what, format.formatted(numbers));
    }

    /** Reads all values in their order, and checks that there are no more. */
    void forEach(Sink sink) throws IOException {
      NpyArray.Type type = array.type();
      byte[] bytes = new byte[BUFFER_BYTES];
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      long length = array.length();
      int index = 0;
      while (index < length) {
        int now = (int) Math.min(length - index, BUFFER_BYTES / type.bytes());
        int got = in.readNBytes(bytes, 0, now * type.bytes());
        if (got != now * type.bytes()) {
          throw refusal("array cut short", "%s at value %d of %d", key, index, length);
        }
        for (int i = 0; i < now; i++) {
          double value =
              switch (type) {
                case U1 -> bytes[i] & 0xff;
                case I1 -> bytes[i];
                case I2 -> buffer.getShort(2 * i);
                case I8 -> buffer.getLong(8 * i);
                case F4 -> buffer.getFloat(4 * i);
              };
          sink.accept(index + i, value);
        }
        index += now;
      }
      if (in.read() != -1) {
        throw new MalformedData(file, "array longer than its shape", key);
      }
    }
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
}
