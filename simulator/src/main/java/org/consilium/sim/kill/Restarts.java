package org.consilium.sim.kill;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.process.ProcessEvent;

/**
 * How long after a process was started again the study went on, in milliseconds, each list rising.
 *
 * @param listens from the start of the process until it listens
 * @param goesOn from the start of the coordinator until the first new entry of the study in the
 *     journal; none for sites, because the others go on meanwhile
 */
public record Restarts(List<Long> listens, List<Long> goesOn) {
  public Restarts {
    listens = listens.stream().sorted().toList();
    goesOn = goesOn.stream().sorted().toList();
  }

  /** Of the processes that were killed. */
  public static Restarts of(Evidence evidence, List<RandomKills.Kill> kills) {
    List<Long> listens = new ArrayList<>();
    List<Long> goesOn = new ArrayList<>();
    for (RandomKills.Kill kill : kills) {
      Optional<Instant> started =
          evidence.events().stream()
              .filter(e -> e instanceof ProcessEvent.Started && e.name().equals(kill.child()))
              .map(ProcessEvent::at)
              .filter(at -> !at.isBefore(kill.killed()))
              .findFirst();
      if (started.isPresent()) {
        Instant from = started.get();
        listens.add(Duration.between(from, kill.ready()).toMillis());
        if (kill.child().equals(LocalConsortium.COORDINATOR)) {
          evidence.entries().stream()
              .filter(at -> !at.isBefore(from))
              .findFirst()
              .ifPresent(at -> goesOn.add(Duration.between(from, at).toMillis()));
        }
      }
    }
    return new Restarts(listens, goesOn);
  }

  /** For people, in seconds. */
  public String text() {
    return goesOn.isEmpty()
        ? "is at work after " + spread(listens)
        : "listens after %s; the round goes on after %s".formatted(spread(listens), spread(goesOn));
  }

  private static String spread(List<Long> millis) {
    return millis.isEmpty()
        ? "–"
        : String.format(
            Locale.ROOT,
            "%.2f s (median; most %.2f s)",
            millis.get(millis.size() / 2) / 1e3,
            millis.getLast() / 1e3);
  }
}
