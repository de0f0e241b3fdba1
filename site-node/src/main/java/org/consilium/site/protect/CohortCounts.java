package org.consilium.site.protect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.protocol.Digest;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;

/**
 * Numbers of cases on their way out. What was answered is kept on disk, as local fingerprints of
 * the cases, so that no two answers, however far apart, differ by a few patients: neither by
 * subtracting one from the other, nor by subtracting the parts from the whole. Released numbers are
 * multiples of {@link #STEP}.
 */
public final class CohortCounts {
  /** Released numbers are multiples of this. */
  public static final int STEP = 5;

  /** Answers that are kept and compared with, over the life of a node. */
  static final int ANSWERS_MAX = 200;

  private static final Duration DAY = Duration.ofHours(24);
  private static final int FILE_BYTES_MAX = 64 << 20;
  private static final String DECLARED = "declared.txt";

  private final Path folder;
  private final InstantSource clock;

  /** The log in {@code folder}, which is made when it is needed. */
  public CohortCounts(Path folder, InstantSource clock) {
    this.folder = folder;
    this.clock = clock;
  }

  /** An answer to a question about the cases. */
  public sealed interface Answer {
    /** This number may leave; 0 is no case at all. */
    record Released(int number) implements Answer {}

    /** Nothing may leave; {@code reason} is for the local log. */
    record Suppressed(Reason reason) implements Answer {}
  }

  /** Why a number does not leave. */
  public enum Reason {
    /** It counts fewer than k cases. */
    SMALL_CELL,
    /** With numbers that were answered before, it would tell of fewer than k cases. */
    DIFFERENCE,
    /** The day's number of questions, or the node's, is used up. */
    LIMIT
  }

  /** Cases that were counted before. */
  private record Asked(Instant at, boolean released, long[] cases) {}

  /**
   * Answers how many cases there are of some kind.
   *
   * @param cases ids of those that there are; they stay here
   * @param smallCell k
   * @param perDay most different questions in 24 hours
   */
  public synchronized Answer count(Collection<String> cases, int smallCell, int perDay)
      throws IOException {
    long[] asked = fingerprints(cases);
    List<Asked> before = before();
    Optional<Asked> same = before.stream().filter(b -> Arrays.equals(b.cases(), asked)).findFirst();
    if (same.isPresent()) {
      return same.get().released() && !small(asked.length, smallCell)
          ? new Answer.Released(rounded(asked.length))
          : new Answer.Suppressed(Reason.SMALL_CELL);
    }
    Instant since = clock.instant().minus(DAY);
    if (before.size() >= ANSWERS_MAX
        || before.stream().filter(b -> b.at().isAfter(since)).count() >= perDay) {
      return new Answer.Suppressed(Reason.LIMIT);
    }
    List<long[]> known = before.stream().filter(Asked::released).map(Asked::cases).toList();
    Optional<Reason> reason =
        small(asked.length, smallCell)
            ? Optional.of(Reason.SMALL_CELL)
            : differs(asked, known, smallCell) ? Optional.of(Reason.DIFFERENCE) : Optional.empty();
    keep(before.size(), asked, reason.isEmpty());
    return reason.isPresent()
        ? new Answer.Suppressed(reason.get())
        : new Answer.Released(rounded(asked.length));
  }

  /**
   * The number of training examples that this site declares. It stays what it was until it would
   * change by k or more: two declarations never differ by a few patients.
   *
   * @return 0 below k
   */
  public synchronized int declared(int exact, int smallCell) throws IOException {
    if (exact < smallCell) {
      return 0;
    }
    Path file = folder.resolve(DECLARED);
    if (Files.exists(file)) {
      String[] last =
          new String(KeyFile.readDurable(file, 100), StandardCharsets.US_ASCII)
              .strip()
              .split(" ", -1);
      if (last.length != 2 || !last[0].matches("[0-9]{1,9}") || !last[1].matches("[0-9]{1,9}")) {
        throw new IOException("read %s: it is damaged".formatted(DECLARED));
      }
      if (Math.abs(exact - Integer.parseInt(last[0])) < smallCell) {
        return Integer.parseInt(last[1]);
      }
    }
    int number = rounded(exact);
    KeyFile.replace(file, "%d %d%n".formatted(exact, number).getBytes(StandardCharsets.US_ASCII));
    return number;
  }

  private static boolean small(int cases, int smallCell) {
    return cases > 0 && cases < smallCell;
  }

  /** The next multiple of {@link #STEP}; up, so that it is not below k or a study's minimum. */
  private static int rounded(int cases) {
    return Math.ceilDiv(cases, STEP) * STEP;
  }

  /** Whether an answer about {@code asked} beside the known ones would tell of a few cases. */
  private static boolean differs(long[] asked, List<long[]> known, int smallCell) {
    List<long[]> all = new ArrayList<>(known);
    all.add(asked);
    for (long[] one : known) {
      if (small(without(asked, one).length, smallCell)
          || small(without(one, asked).length, smallCell)) {
        return true;
      }
    }
    for (long[] whole : all) {
      long[] rest = whole;
      for (long[] part : all) {
        boolean inside = part.length < whole.length && without(part, whole).length == 0;
        rest = inside ? without(rest, part) : rest;
      }
      if (small(rest.length, smallCell)) {
        return true;
      }
    }
    return false;
  }

  /** The cases of {@code one} that are not in {@code other}; both sorted. */
  private static long[] without(long[] one, long[] other) {
    long[] rest = new long[one.length];
    int n = 0;
    for (long candidate : one) {
      if (Arrays.binarySearch(other, candidate) < 0) {
        rest[n++] = candidate;
      }
    }
    return Arrays.copyOf(rest, n);
  }

  private static long[] fingerprints(Collection<String> cases) {
    return cases.stream()
        .mapToLong(
            id ->
                ByteBuffer.wrap(Digest.sha256(id.getBytes(StandardCharsets.UTF_8)).bytes())
                    .getLong())
        .distinct()
        .sorted()
        .toArray();
  }

  private void keep(int number, long[] cases, boolean released) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(9 + 8 * cases.length);
    bytes.putLong(clock.instant().toEpochMilli()).put((byte) (released ? 1 : 0));
    for (long one : cases) {
      bytes.putLong(one);
    }
    KeyFile.replace(folder.resolve("query-%05d".formatted(number)), bytes.array());
  }

  private List<Asked> before() throws IOException {
    List<Asked> before = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return before;
    }
    DurableFolder.force(folder); // an answer that is found stands, and must not be forgotten later
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(f -> f.getFileName().toString().startsWith("query-")).sorted().toList();
    }
    for (Path file : files) {
      ByteBuffer bytes = ByteBuffer.wrap(KeyFile.read(file, FILE_BYTES_MAX));
      if (bytes.remaining() < 9 || (bytes.remaining() - 9) % 8 != 0) {
        throw new IOException("read %s: it is damaged".formatted(file.getFileName()));
      }
      Instant at = Instant.ofEpochMilli(bytes.getLong());
      boolean released = bytes.get() == 1;
      long[] cases = new long[bytes.remaining() / 8];
      bytes.asLongBuffer().get(cases);
      before.add(new Asked(at, released, cases));
    }
    return before;
  }
}
