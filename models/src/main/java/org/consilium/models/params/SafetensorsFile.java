package org.consilium.models.params;

import static org.consilium.models.params.MalformedSafetensors.Reason.NO_PARAMETERS;
import static org.consilium.models.params.MalformedSafetensors.Reason.UNSUPPORTED_DTYPE;
import static org.consilium.models.params.MalformedSafetensors.Reason.UNSUPPORTED_NAME;
import static org.consilium.models.params.MalformedSafetensors.Reason.UNSUPPORTED_SHAPE;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import org.consilium.models.params.SafetensorsHeader.Entry;

/**
 * The parameters of a safetensors file that is not trusted, read as float32 in offset order. F32,
 * F16, BF16 and I64 are read; a file with any other type is refused. Tensors without values (a
 * dimension of 0) have no coordinate and are left out of the layout.
 *
 * <p>Memory use depends on the number of tensors only: values pass through a few reused buffers.
 * Reads from several threads at once are safe. A thread that is interrupted while it reads closes
 * the file for all of them (see {@link FileChannel}).
 */
public final class SafetensorsFile implements ParameterSource, Closeable {
  /** Fits a processor's second-level cache, so that the second copy is nearly free. */
  private static final int BUFFER_BYTES = 256 << 10;

  /** Buffers kept between reads; more readers than this allocate. */
  private static final int BUFFERS_KEPT = 4;

  /** Most bytes of a tensor that {@link #doubles} reads. */
  private static final int DOUBLES_BYTES_MAX = 64 << 20;

  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final List<Entry> entries;
  private final ParameterLayout layout;
  private final ArrayBlockingQueue<ByteBuffer> buffers = new ArrayBlockingQueue<>(BUFFERS_KEPT);

  private SafetensorsFile(
      FileChannel channel, SafetensorsHeader header, List<Entry> entries, ParameterLayout layout) {
    this.channel = channel;
    this.header = header;
    this.entries = entries;
    this.layout = layout;
  }

  /**
   * Opens a file and checks all of its header; values are not looked at.
   *
   * @throws MalformedSafetensors if the file breaks a rule of the format, or is no model of ours
   * @throws IOException if the file cannot be read
   */
  public static SafetensorsFile open(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("open %s: not a file of bytes".formatted(file));
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      SafetensorsHeader header =
          SafetensorsHeader.read(
              (into, position) -> readFully(channel, into, position), channel.size());
      List<Entry> entries = header.tensors().stream().filter(e -> e.begin() < e.end()).toList();
      return new SafetensorsFile(channel, header, entries, layoutOf(entries));
    } catch (IOException | RuntimeException refused) {
      channel.close();
      throw refused;
    }
  }

  /**
   * One tensor in double precision.
   *
   * @param values row-major; the array is the record's own
   */
  public record Doubles(List<Integer> shape, double[] values) {}

  /**
   * All F64 and F32 tensors of a small file, for comparisons that float32 is too coarse for.
   *
   * @throws MalformedSafetensors if the file breaks a rule of the format, or a tensor is too large
   * @throws IOException if the file cannot be read
   */
  public static Map<String, Doubles> doubles(Path file) throws IOException {
    Map<String, Doubles> found = new LinkedHashMap<>();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      SafetensorsHeader header =
          SafetensorsHeader.read(
              (into, position) -> readFully(channel, into, position), channel.size());
      for (Entry entry : header.tensors()) {
        long bytes = entry.end() - entry.begin();
        boolean wide = entry.dtype() == Dtype.F64;
        if ((!wide && entry.dtype() != Dtype.F32) || bytes > DOUBLES_BYTES_MAX) {
          throw new MalformedSafetensors(
              UNSUPPORTED_DTYPE,
              "tensor %s is %s of %d bytes; F64 and F32 of at most %d are read here"
                  .formatted(entry.printable(), entry.dtype(), bytes, DOUBLES_BYTES_MAX));
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, buffer, header.dataStart() + entry.begin());
        double[] values = new double[(int) bytes / entry.dtype().bytes()];
        for (int i = 0; i < values.length; i++) {
          values[i] = wide ? buffer.getDouble(8 * i) : buffer.getFloat(4 * i);
        }
        List<Integer> shape = entry.shape().stream().map(Math::toIntExact).toList();
        found.put(entry.name(), new Doubles(shape, values));
      }
    }
    return found;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  /** The stored type of tensor {@code index} of the layout. */
  public Dtype dtype(int index) {
    return entries.get(index).dtype();
  }

  /** The writer's free text, untrusted: see {@link org.consilium.protocol.Limits#printable}. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    if (offset < 0 || length < 0 || offset > layout.length() - length) {
      throw new IllegalArgumentException(
          "read %d values from %d of %d".formatted(length, offset, layout.length()));
    }
    if (at < 0 || at > into.length - length) {
      throw new IllegalArgumentException(
          "read %d values to place %d of %d".formatted(length, at, into.length));
    }
    if (length == 0) {
      return;
    }
    ByteBuffer polled = buffers.poll();
    ByteBuffer buffer =
        polled != null
            ? polled
            : ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try {
      int done = 0;
      int tensor = layout.tensorAt(offset);
      while (done < length) {
        long within = offset + done - layout.offset(tensor);
        long left = layout.offset(tensor + 1) - layout.offset(tensor) - within;
        int count = (int) Math.min(left, length - done);
        readTensor(entries.get(tensor), within, into, at + done, count, buffer);
        done += count;
        tensor++;
      }
    } finally {
      // A full pool drops the buffer; that is what the bound is for.
      boolean kept = buffers.offer(buffer);
      assert kept || !buffers.isEmpty();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private void readTensor(
      Entry entry, long within, float[] into, int at, int count, ByteBuffer buffer)
      throws IOException {
    int size = entry.dtype().bytes();
    long position = header.dataStart() + entry.begin() + within * size;
    int done = 0;
    while (done < count) {
      int now = Math.min(count - done, BUFFER_BYTES / size);
      buffer.clear().limit(now * size);
      readFully(channel, buffer, position + (long) done * size);
      buffer.flip();
      widen(buffer, entry.dtype(), into, at + done, now);
      done += now;
    }
  }

  private static void widen(ByteBuffer from, Dtype dtype, float[] into, int at, int count) {
    switch (dtype) {
      case F32 -> from.asFloatBuffer().get(into, at, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = Float.float16ToFloat(from.getShort(2 * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = Float.intBitsToFloat(from.getShort(2 * i) << 16);
        }
      }
      case I64 -> {
        for (int i = 0; i < count; i++) {
          into[at + i] = from.getLong(8 * i);
        }
      }
      case F64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E5M2, F8_E4M3 ->
          throw new IllegalStateException("open refuses type " + dtype);
    }
  }

  private static ParameterLayout layoutOf(List<Entry> entries) throws MalformedSafetensors {
    List<TensorSpec> specs = new ArrayList<>();
    for (Entry entry : entries) {
      if (!entry.dtype().readable()) {
        throw new MalformedSafetensors(
            UNSUPPORTED_DTYPE,
            "tensor %s is %s; F32, F16, BF16 and I64 are read"
                .formatted(entry.printable(), entry.dtype()));
      }
      if (entry.shape().stream().anyMatch(d -> d > Integer.MAX_VALUE)) {
        throw new MalformedSafetensors(
            UNSUPPORTED_SHAPE, "tensor %s: %s".formatted(entry.printable(), entry.shape()));
      }
      List<Integer> shape = entry.shape().stream().map(Math::toIntExact).toList();
      try {
        specs.add(new TensorSpec(entry.name(), shape));
      } catch (IllegalArgumentException name) {
        throw new MalformedSafetensors(
            UNSUPPORTED_NAME, "tensor %s: 1-200 of [A-Za-z0-9_.]".formatted(entry.printable()));
      }
    }
    if (specs.isEmpty()) {
      throw new MalformedSafetensors(NO_PARAMETERS, "the file holds no value");
    }
    try {
      return ParameterLayout.of(specs);
    } catch (IllegalArgumentException tooLarge) {
      throw new MalformedSafetensors(UNSUPPORTED_SHAPE, String.valueOf(tooLarge.getMessage()));
    }
  }

  private static void readFully(FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = channel.read(into, at);
      if (read < 0) {
        throw new EOFException(
            "read safetensors: the file ends at byte %d, %d more expected"
                .formatted(at, into.remaining()));
      }
      at += read;
    }
  }
}
