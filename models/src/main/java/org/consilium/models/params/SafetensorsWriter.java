package org.consilium.models.params;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.consilium.protocol.Digest;

/**
 * Writes float32 parameters to a safetensors file block by block in layout order, and hashes the
 * file on the way. Equal parameters and metadata give equal bytes. Until {@link #finish} the values
 * stand in {@code <name>.part}; a writer closed before leaves nothing. One writer a file name, one
 * thread a writer.
 */
public final class SafetensorsWriter implements Closeable {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int ALIGNMENT_BYTES = 8;

  private final Path target;
  private final Path part;
  private final FileChannel channel;
  private final ParameterLayout layout;
  private final MessageDigest sha = Digest.newSha256();
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long written;
  private boolean finished;

  private SafetensorsWriter(Path target, Path part, FileChannel channel, ParameterLayout layout) {
    this.target = target;
    this.part = part;
    this.channel = channel;
    this.layout = layout;
  }

  /**
   * Starts a file; one of that name is replaced when the new one is finished.
   *
   * @param metadata free text, written in key order
   * @throws IOException if the folder cannot be written to
   */
  public static SafetensorsWriter create(
      Path file, ParameterLayout layout, Map<String, String> metadata) throws IOException {
    byte[] header = header(layout, metadata);
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".part");
    FileChannel channel =
        FileChannel.open(
            part,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING,
            LinkOption.NOFOLLOW_LINKS);
    SafetensorsWriter writer = new SafetensorsWriter(target, part, channel, layout);
    try {
      writer.put(ByteBuffer.wrap(header));
      return writer;
    } catch (IOException failed) {
      writer.close();
      throw failed;
    }
  }

  /**
   * Writes the next {@code length} values.
   *
   * @param block read from {@code offset} on, not kept
   * @throws IllegalArgumentException if there are more values than the layout has left
   */
  public void write(float[] block, int offset, int length) throws IOException {
    advance(length);
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BUFFER_BYTES / Float.BYTES);
      buffer.clear();
      buffer.asFloatBuffer().put(block, offset + done, now);
      put(buffer.limit(now * Float.BYTES));
      done += now;
    }
  }

  /**
   * Writes the next values from their little-endian bytes, all that remain in {@code values}.
   *
   * @throws IllegalArgumentException if they are no whole number of values, or too many
   */
  public void write(ByteBuffer values) throws IOException {
    if (values.remaining() % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          "a value has 4 bytes, got %d bytes".formatted(values.remaining()));
    }
    advance(values.remaining() / Float.BYTES);
    put(values);
  }

  /**
   * Writes a whole source, and forces the file to the disk.
   *
   * @param source read, not owned
   * @return SHA-256 of the file
   * @throws IOException if it cannot be read or written; nothing is left under the file's name then
   */
  public static Digest save(Path file, ParameterSource source, Map<String, String> metadata)
      throws IOException {
    try (SafetensorsWriter writer = create(file, source.layout(), metadata)) {
      writer.write(source);
      return writer.finish();
    }
  }

  /** Writes all values of a source, block by block; read, not owned. */
  public void write(ParameterSource source) throws IOException {
    float[] block = new float[BUFFER_BYTES / Float.BYTES];
    long length = source.layout().length();
    for (long at = 0; at < length; at += block.length) {
      int now = (int) Math.min(block.length, length - at);
      source.read(at, block, 0, now);
      write(block, 0, now);
    }
  }

  /** Finishes and forces the file to the disk: {@code finish(true)}. */
  public Digest finish() throws IOException {
    return finish(true);
  }

  /**
   * Gives the file its name and closes the writer.
   *
   * @param force whether file and folder are on the disk when this returns
   * @return SHA-256 of the whole file
   * @throws IllegalStateException if values are missing
   */
  public Digest finish(boolean force) throws IOException {
    if (finished || written != layout.length()) {
      throw new IllegalStateException(
          finished
              ? "the file is finished already"
              : "%d of %d values written".formatted(written, layout.length()));
    }
    if (force) {
      channel.force(true);
    }
    channel.close();
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    finished = true;
    if (force) {
      forceFolder();
    }
    return Digest.of(sha.digest());
  }

  /** Discards an unfinished file; does nothing after {@link #finish}. */
  @Override
  public void close() throws IOException {
    channel.close();
    if (!finished) {
      Files.deleteIfExists(part);
    }
  }

  private void advance(int length) {
    if (length < 0 || length > layout.length() - written) {
      throw new IllegalArgumentException(
          "%d values after %d of %d".formatted(length, written, layout.length()));
    }
    written += length;
  }

  private void put(ByteBuffer bytes) throws IOException {
    sha.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private void forceFolder() throws IOException {
    Path folder = target.getParent();
    if (folder == null || target.getFileSystem().getSeparator().equals("\\")) {
      return; // Windows has no way to open a folder; its move is durable by itself
    }
    try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
      opened.force(true);
    }
  }

  private static byte[] header(ParameterLayout layout, Map<String, String> metadata) {
    StringBuilder json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      json.append("\"__metadata__\":{");
      json.append(
          new TreeMap<>(metadata)
              .entrySet().stream()
                  .map(e -> quoted(e.getKey()) + ":" + quoted(e.getValue()))
                  .collect(Collectors.joining(",")));
      json.append("},");
    }
    for (int i = 0; i < layout.tensors().size(); i++) {
      TensorSpec tensor = layout.tensors().get(i);
      if (tensor.name().equals("__metadata__")) {
        throw new IllegalArgumentException("a tensor cannot have the reserved name __metadata__");
      }
      String shape =
          tensor.shape().stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
      json.append(i == 0 ? "" : ",").append(quoted(tensor.name()));
      json.append(":{\"dtype\":\"F32\",\"shape\":").append(shape).append(",\"data_offsets\":[");
      json.append(Float.BYTES * layout.offset(i)).append(',');
      json.append(Float.BYTES * layout.offset(i + 1)).append("]}");
    }
    json.append('}');
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int padded = Math.ceilDiv(text.length, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    if (padded > SafetensorsHeader.HEADER_BYTES_MAX) {
      throw new IllegalArgumentException("safetensors header of %d bytes".formatted(padded));
    }
    ByteBuffer whole = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    whole.putLong(padded).put(text);
    while (whole.hasRemaining()) {
      whole.put((byte) ' ');
    }
    return whole.array();
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < 0x20) {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
