package org.consilium.sim.federation;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.report.DemoReport.Event;

/**
 * Progress for people: a table that is painted over in place on a terminal, and one line a round or
 * event elsewhere. Safe for several threads.
 */
public final class Screen {
  private static final String UP = "\u001b[%dA\r";
  private static final String CLEAR_LINE = "\u001b[K";

  private final PrintStream out;
  private final boolean terminal;
  private List<String> table = List.of();
  private int printedRounds;

  /**
   * @param terminal whether {@code out} can be painted over
   */
  public Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** A line that stays. */
  public synchronized void say(String line) {
    wipe();
    out.println(line);
    repaint();
  }

  synchronized void event(Event event) {
    if (List.of("kill", "drift", "failure", "end", "study").contains(event.kind())
        || event.kind().equals("restart")) {
      say("%s  %s %s: %s".formatted(time(event.at()), event.kind(), event.subject(), event.text()));
    }
  }

  /** Shows a study. */
  synchronized void show(StudyView study, Heading heading, double now) {
    if (terminal) {
      wipe();
      table = table(study, heading, now);
      repaint();
    }
    List<StudyView.Round> closed =
        study.rounds().stream().filter(r -> r.closed().isPresent()).toList();
    for (; !terminal && printedRounds < closed.size(); printedRounds++) {
      out.println(line(closed.get(printedRounds), study.measure(), heading, now));
    }
  }

  /** The table, last seen, stays above what follows. */
  synchronized void leave() {
    table = List.of();
  }

  /**
   * What the table is headed with.
   *
   * @param rounds of the study
   * @param url where the coordinator's page is
   */
  record Heading(String study, int rounds, String url) {}

  private static String line(StudyView.Round round, String measure, Heading heading, double now) {
    return "%s  round %d/%d %s: %d updates, %s global %s, local-only %s%s"
        .formatted(
            time(now),
            round.number(),
            heading.rounds,
            round.outcome().toLowerCase(Locale.ROOT),
            round.weights().size(),
            measure,
            mean(round.global()),
            mean(round.local()),
            round.missing().isEmpty() ? "" : ", without " + String.join(", ", round.missing()));
  }

  private static List<String> table(StudyView study, Heading heading, double now) {
    List<String> lines = new ArrayList<>();
    String phase =
        study.window() > 0
            ? "window %d".formatted(study.window())
            : "round %d/%d".formatted(study.round(), heading.rounds);
    lines.add("study %s   %s   %s   %s".formatted(heading.study, phase, time(now), heading.url));
    lines.add(
        "%-14s%-13s%8s%12s%8s%12s%11s%10s"
            .formatted(
                "site",
                "state",
                "samples",
                "local loss",
                study.measure(),
                "local-only",
                "drift",
                "sent"));
    StudyView.Round last = null;
    StudyView.Round trained = null;
    for (StudyView.Round round : study.rounds()) {
      last = round.global().isEmpty() ? last : round;
      trained = round.losses().isEmpty() ? trained : round;
    }
    for (StudyView.Site site : study.sites()) {
      lines.add(
          "%-14s%-13s%8d%12s%8s%12s%11s%10s"
              .formatted(
                  site.id(),
                  site.connected() ? site.phase().toLowerCase(Locale.ROOT) : "offline",
                  site.samples(),
                  trained == null ? "–" : number(trained.losses().get(site.id())),
                  last == null ? "–" : number(last.global().get(site.id())),
                  last == null ? "–" : number(last.local().get(site.id())),
                  verdict(site),
                  String.format(Locale.ROOT, "%.1f MB", site.bytesUp() / 1e6)));
    }
    return lines;
  }

  private static String verdict(StudyView.Site site) {
    return switch (site.verdict()) {
      case "STABLE" -> "stable";
      case "SUSPECTED" -> "SUSPECTED";
      case "CONFIRMED" -> "CONFIRMED";
      default -> "–";
    };
  }

  private static String number(@org.jspecify.annotations.Nullable Double value) {
    return value == null ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }

  private static String mean(java.util.Map<String, Double> values) {
    return values.isEmpty()
        ? "–"
        : number(values.values().stream().mapToDouble(Double::doubleValue).average().orElse(0));
  }

  private static String time(double seconds) {
    int whole = (int) seconds;
    return "%02d:%02d".formatted(whole / 60, whole % 60);
  }

  private void wipe() {
    if (terminal && !table.isEmpty()) {
      out.print(UP.formatted(table.size()));
      for (int i = 0; i < table.size(); i++) {
        out.println(CLEAR_LINE);
      }
      out.print(UP.formatted(table.size()));
    }
  }

  private void repaint() {
    if (terminal) {
      table.forEach(line -> out.println(line + CLEAR_LINE));
    }
    out.flush();
  }
}
