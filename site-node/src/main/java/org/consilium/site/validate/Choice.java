package org.consilium.site.validate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.site.validate.Findings.Finding;

/**
 * Which model this site keeps for its own use: the best of the shared, the personal and the
 * local-only one on its own hold-out, by the metric that the plan chooses by. Of equals the first
 * in this order; the shared one where nothing was measured. Kept as text in {@code kept.txt} beside
 * the model itself.
 *
 * @param round whose models were compared
 * @param kept the chosen one
 * @param scores of each model that was measured, in full precision
 */
public record Choice(int round, Subject kept, Quantity quantity, Map<Subject, Double> scores) {
  private static final String FILE = "kept.txt";
  private static final int BYTES_MAX = 1 << 12;
  private static final List<Subject> ORDER =
      List.of(Subject.GLOBAL, Subject.PERSONAL, Subject.LOCAL_ONLY);

  public Choice {
    scores = Map.copyOf(scores);
  }

  static Choice of(ValidationJob job, List<Finding> found) {
    String select = job.plan().select();
    Quantity quantity =
        switch (select) {
          case "auroc" -> Quantity.AUROC;
          case "dice" -> Quantity.DICE;
          default -> Quantity.LOG_LOSS;
        };
    Map<Subject, Double> scores = new EnumMap<>(Subject.class);
    for (Finding f : found) {
      if (f.cases() == Cases.HOLDOUT && f.quantity() == quantity && ORDER.contains(f.subject())) {
        scores.put(f.subject(), f.value());
      }
    }
    return of(job.task().round(), quantity, scores);
  }

  static Choice of(int round, Quantity quantity, Map<Subject, Double> scores) {
    double sign = quantity == Quantity.LOG_LOSS ? -1 : 1;
    Subject best = Subject.GLOBAL;
    double most = Double.NEGATIVE_INFINITY;
    for (Subject subject : ORDER) {
      double score = sign * scores.getOrDefault(subject, sign * Double.NEGATIVE_INFINITY);
      if (score > most) {
        most = score;
        best = subject;
      }
    }
    return new Choice(round, best, quantity, scores);
  }

  void write(Path studyFolder) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("round ").append(round).append('\n');
    text.append("kept ").append(kept).append('\n');
    text.append("by ").append(quantity).append('\n');
    for (Subject subject : ORDER) {
      if (scores.containsKey(subject)) {
        text.append(subject).append(' ').append(scores.get(subject)).append('\n');
      }
    }
    KeyFile.replace(studyFolder.resolve(FILE), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** The last choice of a study; empty if there is none yet. */
  public static Optional<Choice> read(Path studyFolder) throws IOException {
    Path file = studyFolder.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    List<String> lines =
        new String(KeyFile.read(file, BYTES_MAX), StandardCharsets.UTF_8).lines().toList();
    try {
      Map<Subject, Double> scores = new EnumMap<>(Subject.class);
      for (String line : lines.subList(3, lines.size())) {
        scores.put(Subject.valueOf(word(line, 0)), Double.valueOf(word(line, 1)));
      }
      return Optional.of(
          new Choice(
              Integer.parseInt(word(lines.get(0), 1)),
              Subject.valueOf(word(lines.get(1), 1)),
              Quantity.valueOf(word(lines.get(2), 1)),
              scores));
    } catch (IllegalArgumentException | IndexOutOfBoundsException damaged) {
      throw new IOException("read kept.txt: a line is damaged", damaged);
    }
  }

  /** The kept model in a word: global, personal or alone. */
  public String word() {
    return switch (kept) {
      case GLOBAL, LOCAL_TRAINED -> "global";
      case PERSONAL -> "personal";
      case LOCAL_ONLY -> "alone";
    };
  }

  private static String word(String line, int place) {
    return line.split(" ", -1)[place];
  }
}
