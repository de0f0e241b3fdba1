package org.consilium.site.work;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.consilium.protocol.RoundTask;
import org.consilium.security.keyfile.KeyFile;

/**
 * What a site did for one study and must still know after a restart: how often training began, and
 * which model it judged in each round and window. Lines of text in the study's folder, on disk
 * before the work begins; a coordinator that repeats itself cannot make them fewer.
 *
 * @param folder the study's folder
 */
record Diary(Path folder) {
  private static final String STARTS = "training-starts.txt";
  private static final String JUDGED = "judged-models.txt";
  private static final Duration DAY = Duration.ofHours(24);
  private static final int BYTES_MAX = 4 << 20;

  /** Training began at an instant, for a round and its attempt. */
  private record Start(Instant at, int round, int attempt) {
    static Start of(String[] words) {
      return new Start(
          Instant.ofEpochMilli(Long.parseLong(words[0])),
          Integer.parseInt(words[1]),
          Integer.parseInt(words[2]));
    }

    boolean isOf(RoundTask task) {
      return round == task.round() && attempt == task.attempt();
    }

    String line() {
      return "%d %d %d".formatted(at.toEpochMilli(), round, attempt);
    }
  }

  /**
   * How often training began.
   *
   * @param today in the last 24 hours, for any round
   * @param round ever for this round, in any attempt
   */
  record Count(int today, int round) {}

  /** What began before this task: all of it, whatever attempt it was for. */
  Count starts(RoundTask task, Instant now) throws IOException {
    return count(task, now, _ -> true);
  }

  /** What began for other rounds and attempts than this task's, which may go on or be resent. */
  Count otherStarts(RoundTask task, Instant now) throws IOException {
    return count(task, now, start -> !start.isOf(task));
  }

  /** Training begins now. */
  void begin(RoundTask task, Instant now) throws IOException {
    List<Start> kept = new ArrayList<>(read());
    kept.removeIf(s -> s.round() != task.round() && !recent(s, now));
    kept.add(new Start(now, task.round(), task.attempt()));
    write(STARTS, kept.stream().map(Start::line).toList());
  }

  /**
   * Notes which model is judged in a round and window of the study as it was approved.
   *
   * @return the model that was judged there before, if it is another one; then nothing is noted
   */
  Optional<String> judge(RoundTask task) throws IOException {
    String place = "%s %d %d ".formatted(task.studyDigest().hex(), task.round(), task.window());
    String model = task.model().version().digest().hex();
    List<String> lines = new ArrayList<>(lines(JUDGED));
    Optional<String> known =
        lines.stream()
            .filter(l -> l.startsWith(place))
            .map(l -> l.substring(place.length()))
            .findFirst();
    if (known.isEmpty()) {
      lines.add(place + model);
      write(JUDGED, lines);
    }
    return known.filter(k -> !k.equals(model));
  }

  private Count count(RoundTask task, Instant now, Predicate<Start> which) throws IOException {
    List<Start> all = read().stream().filter(which).toList();
    return new Count(
        (int) all.stream().filter(s -> recent(s, now)).count(),
        (int) all.stream().filter(s -> s.round() == task.round()).count());
  }

  private static boolean recent(Start start, Instant now) {
    return start.at().plus(DAY).isAfter(now);
  }

  private List<Start> read() throws IOException {
    List<Start> starts = new ArrayList<>();
    try {
      for (String line : lines(STARTS)) {
        starts.add(Start.of(line.split(" ", -1)));
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
      throw new IOException("read %s: a line is damaged".formatted(STARTS), damaged);
    }
    return starts;
  }

  private List<String> lines(String name) throws IOException {
    Path file = folder.resolve(name);
    return Files.exists(file)
        ? new String(KeyFile.readDurable(file, BYTES_MAX), StandardCharsets.UTF_8).lines().toList()
        : List.of();
  }

  private void write(String name, List<String> lines) throws IOException {
    String text = String.join("\n", lines) + "\n";
    KeyFile.replace(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }
}
