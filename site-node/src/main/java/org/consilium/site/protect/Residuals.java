package org.consilium.site.protect;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.security.bulk.FileBytes;

/**
 * What the rounding of a narrow encoding left over of a site's deltas in one study, as files in the
 * study's folder that never leave it. What a round left over counts once its update was accepted;
 * until then it is a draft, and a round that comes to nothing leaves what was there before. If the
 * node never learns that an update was accepted, the older one is added once more: by at most half
 * a step of the coarse grid.
 *
 * <p>A file is the digest of the layout, the values as float32, and a CRC-32C of each {@link
 * #BLOCK} of them, little-endian. Several threads read it here and there and more than once a
 * round; every block is checked each time. One that does not fit is not clipped to an update in a
 * wrong direction: all that was left over is forgotten, and rounding begins from zero.
 */
public final class Residuals {
  private static final Pattern NAME = Pattern.compile("residual-([0-9]{1,6})\\.f32");
  private static final Pattern DRAFT = Pattern.compile("residual-([0-9]{1,6})\\.draft");

  /** Rounds kept: the one before, and the one whose attempt may yet come to nothing. */
  private static final int KEPT = 2;

  /** Values under one checksum: a chunk of either ring is made of whole ones. */
  static final int BLOCK = Limits.CHUNK_PLAIN_BYTES / Long.BYTES;

  private final Path folder;
  private final Consumer<String> log;

  private Residuals(Path folder, Consumer<String> log) {
    this.folder = folder;
    this.log = log;
  }

  /** Those in a study's folder; nobody is told of damage. */
  public static Residuals in(Path studyFolder) {
    return in(studyFolder, _ -> {});
  }

  /** Those in a study's folder; {@code log} is told when they are damaged. */
  public static Residuals in(Path studyFolder, Consumer<String> log) {
    return new Residuals(studyFolder, log);
  }

  /** A file is torn, of another layout, or not what was written. */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    Damaged(String message) {
      super(message);
    }
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
    for (Path refused : found(DRAFT).headMap(round).values()) { // no update of it counted
      Files.deleteIfExists(refused);
    }
    NavigableMap<Integer, Path> rounds = rounds();
    for (Path later : rounds.tailMap(round, true).values()) {
      Files.deleteIfExists(later);
    }
    Map.Entry<Integer, Path> last = rounds.lowerEntry(round);
    Optional<Old> old = Optional.empty();
    if (last != null) {
      try {
        old = Optional.of(Old.open(last.getValue(), layout));
      } catch (Damaged damaged) {
        drop(damaged);
      }
    }
    FileChannel out =
        FileChannel.open(
            draft(round),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING,
            LinkOption.NOFOLLOW_LINKS);
    FileBytes.write(out, ByteBuffer.wrap(layout.digest().bytes()), 0);
    return new Feedback(old, out, layout.length());
  }

  /** Forgets all that was left over, and says why. */
  void drop(Damaged damaged) throws IOException {
    log.accept(damaged.getMessage() + "; rounding begins with nothing left over");
    for (Path file : rounds().values()) {
      Files.deleteIfExists(file);
    }
  }

  private Path draft(int round) {
    return folder.resolve("residual-%d.draft".formatted(round));
  }

  private NavigableMap<Integer, Path> rounds() throws IOException {
    return found(NAME);
  }

  private NavigableMap<Integer, Path> found(Pattern kind) throws IOException {
    NavigableMap<Integer, Path> rounds = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(
          file -> {
            Matcher name = kind.matcher(String.valueOf(file.getFileName()));
            if (name.matches()) {
              rounds.put(Integer.valueOf(name.group(1)), file);
            }
          });
    }
    return rounds;
  }

  private static int blocks(long length) {
    return Math.toIntExact(Math.ceilDiv(length, (long) BLOCK));
  }

  private static long valueAt(long coordinate) {
    return Digest.BYTES + coordinate * Float.BYTES;
  }

  private static ByteBuffer words(int count) {
    return ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The CRC-32C of each block of a run of values, which begins with one. */
  private static int[] checksums(ByteBuffer values) {
    int[] sums = new int[blocks(values.limit() / Float.BYTES)];
    CRC32C crc = new CRC32C();
    for (int i = 0; i < sums.length; i++) {
      int at = i * BLOCK * Float.BYTES;
      crc.reset();
      crc.update(values.slice(at, Math.min(BLOCK * Float.BYTES, values.limit() - at)));
      sums[i] = (int) crc.getValue();
    }
    return sums;
  }

  /** What an earlier round left over. */
  private static final class Old implements AutoCloseable {
    private final Path file;
    private final FileChannel in;
    private final int[] sums;

    private Old(Path file, FileChannel in, int[] sums) {
      this.file = file;
      this.in = in;
      this.sums = sums;
    }

    static Old open(Path file, ParameterLayout layout) throws IOException {
      FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
      try {
        int[] sums = new int[blocks(layout.length())];
        Old old = new Old(file, in, sums);
        long table = valueAt(layout.length());
        if (in.size() != table + (long) sums.length * Integer.BYTES) {
          throw old.damaged("is of another layout or torn");
        }
        ByteBuffer head = ByteBuffer.allocate(Digest.BYTES);
        old.read(head, 0);
        if (!Arrays.equals(head.array(), layout.digest().bytes())) {
          throw old.damaged("is of another layout or torn");
        }
        ByteBuffer words = words(sums.length);
        old.read(words, table);
        words.flip().asIntBuffer().get(sums);
        return old;
      } catch (IOException failed) {
        in.close();
        throw failed;
      }
    }

    /** A run of values that begins with a block and ends with one or with the file. */
    FloatBuffer values(long first, int length) throws IOException {
      ByteBuffer bytes = words(length);
      read(bytes, valueAt(first));
      int[] found = checksums(bytes.flip());
      int block = Math.toIntExact(first / BLOCK);
      if (!Arrays.equals(found, 0, found.length, sums, block, block + found.length)) {
        throw damaged("has other values from coordinate %d on than were kept".formatted(first));
      }
      return bytes.asFloatBuffer();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }

    private void read(ByteBuffer into, long position) throws IOException {
      if (!FileBytes.read(in, into, position)) {
        throw new EOFException("read what was left over: the file ends in " + file.getFileName());
      }
    }

    private Damaged damaged(String how) {
      return new Damaged("read what was left over: %s %s".formatted(file.getFileName(), how));
    }
  }

  /** One round's error feedback. Safe for use by many threads, each with runs of its own. */
  static final class Feedback implements AutoCloseable {
    private final Optional<Old> old;
    private final FileChannel out;
    private final long length;

    /** Of what is kept; each block's is set by the thread that keeps it. */
    private final int[] sums;

    private Feedback(Optional<Old> old, FileChannel out, long length) {
      this.old = old;
      this.out = out;
      this.length = length;
      this.sums = new int[blocks(length)];
    }

    /**
     * Adds what was left over before to a run of coordinates, which begins with a block and ends
     * with one or with the layout.
     *
     * @throws Damaged if it is not what was kept; the run is as it was
     */
    void add(long first, float[] values, int count) throws IOException {
      if (old.isEmpty() || count == 0) {
        return;
      }
      requireBlocks(first, count);
      FloatBuffer floats = old.get().values(first, count);
      for (int i = 0; i < count; i++) {
        values[i] += floats.get(i);
      }
    }

    /** Keeps what is left over now, of a run like that of {@link #add}. */
    void keep(long first, float[] values, int count) throws IOException {
      if (count == 0) {
        return;
      }
      requireBlocks(first, count);
      ByteBuffer bytes = words(count);
      bytes.asFloatBuffer().put(values, 0, count);
      int[] own = checksums(bytes);
      System.arraycopy(own, 0, sums, Math.toIntExact(first / BLOCK), own.length);
      FileBytes.write(out, bytes, valueAt(first));
    }

    private void requireBlocks(long first, int count) {
      if (first % BLOCK != 0 || (count % BLOCK != 0 && first + count != length)) {
        throw new IllegalArgumentException(
            "what is left over: %d coordinates from %d on are not whole blocks of %d"
                .formatted(count, first, BLOCK));
      }
    }

    /** On disk from now on; all of it was kept by threads that have ended. */
    void force() throws IOException {
      ByteBuffer table = words(sums.length);
      table.asIntBuffer().put(sums);
      FileBytes.write(out, table, valueAt(length));
      out.force(true);
    }

    @Override
    public void close() throws IOException {
      out.close();
      if (old.isPresent()) {
        old.get().close();
      }
    }
  }
}
