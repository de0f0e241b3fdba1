package org.consilium.site.protect;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.consilium.models.params.ParameterLayout;

/**
 * What the rounding of a narrow encoding left over of a site's deltas in one study, as files in the
 * study's folder that never leave it. What a round left over counts once its update was accepted;
 * until then it is a draft, and a round that comes to nothing leaves what was there before. If the
 * node never learns that an update was accepted, the older one is added once more: by at most half
 * a step of the coarse grid.
 */
public final class Residuals {
  private static final Pattern NAME = Pattern.compile("residual-([0-9]{1,6})\\.f32");

  /** Rounds kept: the one before, and the one whose attempt may yet come to nothing. */
  private static final int KEPT = 2;

  private final Path folder;

  private Residuals(Path folder) {
    this.folder = folder;
  }

  /** Those in a study's folder. */
  public static Residuals in(Path studyFolder) {
    return new Residuals(studyFolder);
  }

  /** The round's update was accepted: what it left over counts from now on. A repeat is nothing. */
  public void accept(int round) throws IOException {
    if (!Files.exists(draft(round))) {
      return;
    }
    Files.move(
        draft(round),
        folder.resolve("residual-%d.f32".formatted(round)),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    NavigableMap<Integer, Path> rounds = rounds();
    while (rounds.size() > KEPT) {
      Files.deleteIfExists(rounds.pollFirstEntry().getValue());
    }
  }

  /**
   * What counts before a round, and where the round's own goes. Whatever this or a later round left
   * from an earlier attempt is removed.
   */
  Feedback before(int round, ParameterLayout layout) throws IOException {
    Files.createDirectories(folder);
    NavigableMap<Integer, Path> rounds = rounds();
    for (Path later : rounds.tailMap(round, true).values()) {
      Files.deleteIfExists(later);
    }
    Map.Entry<Integer, Path> last = rounds.lowerEntry(round);
    byte[] head = layout.digest().bytes();
    Optional<FileChannel> old = Optional.empty();
    if (last != null) {
      FileChannel in = FileChannel.open(last.getValue(), StandardOpenOption.READ);
      long expected = head.length + layout.length() * Float.BYTES;
      ByteBuffer found = ByteBuffer.allocate(head.length);
      if (in.size() != expected
          || in.read(found, 0) != head.length
          || !java.util.Arrays.equals(found.array(), head)) {
        in.close();
        throw new IOException(
            "read what round %d left over: %s is of another layout or torn"
                .formatted(last.getKey(), last.getValue().getFileName()));
      }
      old = Optional.of(in);
    }
    FileChannel out =
        FileChannel.open(
            draft(round),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING,
            LinkOption.NOFOLLOW_LINKS);
    out.write(ByteBuffer.wrap(head), 0);
    return new Feedback(old, out, head.length);
  }

  private Path draft(int round) {
    return folder.resolve("residual-%d.draft".formatted(round));
  }

  private NavigableMap<Integer, Path> rounds() throws IOException {
    NavigableMap<Integer, Path> rounds = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(
          file -> {
            Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
            if (name.matches()) {
              rounds.put(Integer.valueOf(name.group(1)), file);
            }
          });
    }
    return rounds;
  }

  /** One round's error feedback. Safe for use by many threads. */
  static final class Feedback implements AutoCloseable {
    private final Optional<FileChannel> old;
    private final FileChannel out;
    private final int head;

    private Feedback(Optional<FileChannel> old, FileChannel out, int head) {
      this.old = old;
      this.out = out;
      this.head = head;
    }

    /** Adds what was left over before to a run of coordinates. */
    void add(long first, float[] values, int length) throws IOException {
      if (old.isEmpty()) {
        return;
      }
      ByteBuffer bytes = buffer(length);
      long at = head + first * Float.BYTES;
      while (bytes.hasRemaining()) {
        if (old.get().read(bytes, at + bytes.position()) < 0) {
          throw new EOFException("read what was left over: the file ends in coordinate " + first);
        }
      }
      var floats = bytes.flip().asFloatBuffer();
      for (int i = 0; i < length; i++) {
        values[i] += floats.get(i);
      }
    }

    /** Keeps what is left over now. */
    void keep(long first, float[] values, int length) throws IOException {
      ByteBuffer bytes = buffer(length);
      bytes.asFloatBuffer().put(values, 0, length);
      long at = head + first * Float.BYTES;
      while (bytes.hasRemaining()) {
        at += out.write(bytes, at);
      }
    }

    /** On disk from now on. */
    void force() throws IOException {
      out.force(true);
    }

    @Override
    public void close() throws IOException {
      out.close();
      if (old.isPresent()) {
        old.get().close();
      }
    }

    private static ByteBuffer buffer(int floats) {
      return ByteBuffer.allocate(floats * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
