package org.consilium.sim.demo;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalInt;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.demo.Chaos.Kill;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;

/**
 * Does harm at the planned moments. It is shown the study each time it was looked at, and decides
 * whether a kill is due: the coordinator in the middle of a round, a site while it trains.
 */
final class Disturber {
  private static final Duration USUAL_ROUND = Duration.ofSeconds(2);
  private static final Duration FROZEN = Duration.ofSeconds(12);
  private static final Duration THAWED = Duration.ofSeconds(3);

  private static final Duration ATTENTIVE = Duration.ofMillis(250);

  private final Supervisor supervisor;
  private final InstantSource clock;
  private final List<SimulatedSite> sites;
  private final Scenario scenario;
  private final int rounds;
  private final Deque<Kill> kills;
  private Instant freezeAt;
  private boolean frozen;
  private boolean dead;

  Disturber(
      DemoOptions options, List<SimulatedSite> sites, Supervisor supervisor, InstantSource clock) {
    this.supervisor = supervisor;
    this.clock = clock;
    this.sites = sites;
    this.scenario = options.scenario();
    this.rounds = options.rounds();
    this.kills = new ArrayDeque<>(options.chaos().plan(rounds, sites.size(), options.seed()));
    this.freezeAt = clock.instant();
  }

  /** How often it has to look, so that no moment passes by. */
  Duration every() {
    return switch (scenario) {
      case DROPOUT, STRAGGLER -> ATTENTIVE;
      case STORY, IID, SKEW, DRIFT -> kills.isEmpty() ? Federation.LOOK_EVERY : ATTENTIVE;
    };
  }

  /** Looks at the study and does what is due. */
  void look(StudyView study) throws IOException {
    if (study.round() == 0 || study.over()) {
      return;
    }
    Kill next = kills.peek();
    if (next != null && due(next, study)) {
      kills.poll();
      String name =
          next.site() < 0 ? LocalConsortium.COORDINATOR : sites.get(next.site()).id().value();
      String what = next.site() < 0 ? "in round %d" : "while training in round %d";
      supervisor.kill(name, what.formatted(study.round()));
    }
    switch (scenario) {
      case DROPOUT -> dropOut(study);
      case STRAGGLER -> straggle(study);
      case STORY, IID, SKEW, DRIFT -> {}
    }
  }

  private boolean due(Kill kill, StudyView study) {
    if (study.window() > 0) {
      return true;
    }
    if (study.round() < kill.round()) {
      return false;
    }
    if (kill.site() >= 0 && !training(study, kill.site())) {
      return false;
    }
    Duration since =
        study.rounds().isEmpty()
            ? Duration.ZERO
            : Duration.between(study.rounds().getLast().opened(), clock.instant());
    return study.round() > kill.round()
        || since.toMillis() >= kill.into() * usual(study).toMillis();
  }

  private boolean training(StudyView study, int site) {
    String id = sites.get(site).id().value();
    return study.sites().stream().anyMatch(s -> s.id().equals(id) && s.phase().equals("TRAINING"));
  }

  private static Duration usual(StudyView study) {
    long[] millis =
        study.rounds().stream()
            .filter(r -> r.closed().isPresent())
            .mapToLong(r -> Duration.between(r.opened(), r.closed().get()).toMillis())
            .sorted()
            .toArray();
    return millis.length == 0 ? USUAL_ROUND : Duration.ofMillis(millis[millis.length / 2]);
  }

  private void dropOut(StudyView study) {
    int site = SimulatedSite.troubled(sites.size());
    if (!dead && study.round() > rounds / 2 && training(study, site)) {
      dead = true;
      supervisor.killForGood(
          sites.get(site).id().value(),
          "for good, while training in round %d".formatted(study.round()));
    }
  }

  private void straggle(StudyView study) throws IOException {
    OptionalInt place = OptionalInt.of(SimulatedSite.troubled(sites.size()));
    Instant now = clock.instant();
    if (study.round() < 2 || now.isBefore(freezeAt)) {
      return;
    }
    frozen = !frozen && study.window() == 0;
    freezeAt = now.plus(frozen ? FROZEN : THAWED);
    supervisor.signal(sites.get(place.getAsInt()).id().value(), frozen ? "STOP" : "CONT");
  }
}
