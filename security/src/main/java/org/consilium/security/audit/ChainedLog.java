package org.consilium.security.audit;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.consilium.security.keyfile.DurableFolder;

/**
 * An append-only file of JSON lines, each bound to all before it by {@link ChainHash}: {@code
 * {"seq","time","kind","detail","prev","hash"}}. An entry is on disk when {@link #append} returns.
 * Order is by {@code seq}; {@code time} may go back with the clock. Safe for use by many threads,
 * and locked against a second process.
 *
 * <p>A thread that is interrupted while it appends closes the file, as the JDK does with every file
 * channel; later appends fail and the log must be opened again.
 *
 * <p>Lines cut off the end leave an intact, shorter chain: only a head hash kept elsewhere shows
 * that.
 */
public final class ChainedLog implements AutoCloseable {
  /** Longest line in bytes; a longer entry is refused. */
  public static final int LINE_BYTES_MAX = 64 * 1024;

  private final FileChannel channel;
  private final InstantSource clock;
  private long length;
  private long next;
  private byte[] head;
  private boolean torn;

  private ChainedLog(FileChannel channel, InstantSource clock, long length, Optional<Line> last) {
    this.channel = channel;
    this.clock = clock;
    this.length = length;
    this.next = last.map(line -> line.seq() + 1).orElse(0L);
    this.head = last.map(Line::hash).orElseGet(ChainHash::origin);
  }

  /**
   * What {@link #verify} found.
   *
   * @param entries intact entries from the start
   * @param firstBad index of the first line that is not, if any
   * @param head hash of the last intact entry, 64 hexadecimal digits
   */
  public record Verification(long entries, OptionalLong firstBad, String head) {
    /** Whether every line is intact. */
    public boolean intact() {
      return firstBad.isEmpty();
    }
  }

  /** An appended entry's place and hash, 64 hexadecimal digits. */
  public record Appended(long seq, String hash) {}

  /**
   * Opens or creates a log. A torn last line, left by a crash in mid-write, is cut off, and that is
   * recorded as an entry {@code log.torn-line-cut}.
   *
   * @throws BrokenLog if the last complete line is not intact
   */
  public static ChainedLog open(Path file, InstantSource clock) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      lock(channel, file);
      byte[] tail = tail(channel);
      int end = lastFeed(tail, tail.length) + 1; // 0 when there is no complete line
      long whole = channel.size() - (tail.length - end);
      if (end == 0 && channel.size() > LINE_BYTES_MAX) {
        throw new BrokenLog(file, "no line ends in its last %d bytes".formatted(tail.length));
      }
      Optional<Line> last = lastLine(file, tail, end);
      long torn = channel.size() - whole;
      channel.truncate(whole);
      ChainedLog log = new ChainedLog(channel, clock, whole, last);
      if (torn > 0) {
        var _ = log.append("log.torn-line-cut", Map.of("bytes", torn));
      }
      channel.force(true); // a process that was killed may have written what it had not forced
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        DurableFolder.force(folder);
      }
      return log;
    } catch (IOException | RuntimeException failed) {
      channel.close();
      throw failed;
    }
  }

  /**
   * Appends an entry and waits until it is on disk.
   *
   * @param detail text, Integer, Long, finite Double, Boolean; the keys are sorted
   * @throws IllegalArgumentException for another type, or an entry over {@link #LINE_BYTES_MAX}
   * @throws IOException if it could not be stored; the next append or open cuts off what was
   *     written of it
   */
  public synchronized Appended append(String kind, Map<String, Object> detail) throws IOException {
    StringBuilder entry = new StringBuilder("{\"seq\":").append(next).append(",\"time\":");
    CanonicalJson.string(entry, clock.instant().toString());
    entry.append(",\"kind\":");
    CanonicalJson.string(entry, kind);
    entry.append(",\"detail\":").append(CanonicalJson.object(detail)).append('}');
    Line line = Line.following(next, entry.toString().getBytes(StandardCharsets.UTF_8), head);
    byte[] bytes = (line.text() + "\n").getBytes(StandardCharsets.UTF_8);
    if (bytes.length > LINE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "log entry %s: %d bytes, at most %d".formatted(kind, bytes.length, LINE_BYTES_MAX));
    }
    try {
      if (torn) {
        channel.truncate(length);
        torn = false;
      }
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        channel.write(left, length + left.position());
      }
      channel.force(true);
    } catch (IOException full) {
      try {
        channel.truncate(length);
      } catch (
          IOException closed) { // what was written of it; cut off before the next, or by an open
        torn = true;
        full.addSuppressed(closed);
      }
      throw full;
    }
    length += bytes.length;
    next = line.seq() + 1;
    head = line.hash();
    return new Appended(line.seq(), HexFormat.of().formatHex(head));
  }

  /** Entries so far. */
  public synchronized long entries() {
    return next;
  }

  /** Hash of the last entry, 64 hexadecimal digits; zeros when empty. */
  public synchronized String head() {
    return HexFormat.of().formatHex(head);
  }

  @Override
  public synchronized void close() throws IOException {
    channel.close();
  }

  /** Walks a whole log, also one that is open, and names the first line that is not intact. */
  public static Verification verify(Path file) throws IOException {
    byte[] head = ChainHash.origin();
    long index = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      ByteArrayOutputStream line = new ByteArrayOutputStream(1024);
      for (int b = in.read(); b >= 0; b = in.read()) {
        if (b != '\n') {
          line.write(b);
          if (line.size() > LINE_BYTES_MAX) {
            return new Verification(index, OptionalLong.of(index), hex(head));
          }
          continue;
        }
        Optional<Line> read = Line.read(line.toByteArray());
        line.reset();
        if (read.isEmpty() || !follows(read.get(), index, head)) {
          return new Verification(index, OptionalLong.of(index), hex(head));
        }
        head = read.get().hash();
        index++;
      }
      boolean torn = line.size() > 0;
      return new Verification(
          index, torn ? OptionalLong.of(index) : OptionalLong.empty(), hex(head));
    }
  }

  private static boolean follows(Line line, long index, byte[] head) {
    return line.seq() == index && Arrays.equals(line.previous(), head) && line.intact();
  }

  private static void lock(FileChannel channel, Path file) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException sameProcess) {
      throw new IOException("open log " + file + ": already open in this process", sameProcess);
    }
    if (lock == null) {
      throw new IOException("open log " + file + ": another process has it open");
    }
  }

  /** The last two lines' worth of bytes. */
  private static byte[] tail(FileChannel channel) throws IOException {
    int bytes = (int) Math.min(channel.size(), 2L * LINE_BYTES_MAX);
    ByteBuffer tail = ByteBuffer.allocate(bytes);
    long start = channel.size() - bytes;
    while (tail.hasRemaining()) {
      if (channel.read(tail, start + tail.position()) < 0) {
        throw new IOException("the log became shorter while it was read");
      }
    }
    return tail.array();
  }

  private static Optional<Line> lastLine(Path file, byte[] tail, int end) throws BrokenLog {
    if (end == 0) {
      return Optional.empty();
    }
    int start = lastFeed(tail, end - 1) + 1;
    Optional<Line> last = Line.read(Arrays.copyOfRange(tail, start, end - 1));
    if (last.isEmpty() || !last.get().intact()) {
      throw new BrokenLog(file, "its last entry is not intact");
    }
    return last;
  }

  private static int lastFeed(byte[] bytes, int before) {
    int i = before - 1;
    while (i >= 0 && bytes[i] != '\n') {
      i--;
    }
    return i;
  }

  private static String hex(byte[] hash) {
    return HexFormat.of().formatHex(hash);
  }
}
