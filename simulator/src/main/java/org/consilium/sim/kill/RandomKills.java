package org.consilium.sim.kill;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;

/**
 * SIGKILL at random instants, at most one in each of the study's rounds until all are done, so that
 * each time it can be seen when the round goes on. Who is killed and how far into the round is
 * drawn from the seed; what the process is doing then is chance.
 */
public final class RandomKills implements Trial.Disturbance {
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration RESTART_LOOK_EVERY = Duration.ofMillis(5);
  private static final Duration RESTART_MOST = Duration.ofMinutes(4);
  private static final Duration USUAL_ROUND = Duration.ofSeconds(1);

  private final boolean coordinator;
  private final int kills;
  private final SplittableRandom random;
  private final InstantSource clock;
  private final Consumer<String> told;
  private final List<Kill> done = new ArrayList<>();

  /**
   * One kill.
   *
   * @param child who
   * @param round that was open
   * @param killed when
   * @param ready when the next process listened, or for a site was at work
   */
  public record Kill(String child, int round, Instant killed, Instant ready) {}

  /**
   * Kills to come.
   *
   * @param coordinator whether the coordinator is killed, or each time one of the sites
   * @param told of each kill, for people
   */
  public RandomKills(
      boolean coordinator, int kills, long seed, InstantSource clock, Consumer<String> told) {
    this.coordinator = coordinator;
    this.kills = kills;
    this.random = new SplittableRandom(seed);
    this.clock = clock;
    this.told = told;
  }

  /** The kills so far, in order. */
  public List<Kill> done() {
    return List.copyOf(done);
  }

  @Override
  public void disturb(Trial.Scene scene) throws IOException, InterruptedException {
    int last = 0;
    while (done.size() < kills) {
      StudyView study = scene.study();
      while (study.round() <= last && !study.over()) {
        Pause.of(LOOK_EVERY);
        study = scene.study();
      }
      if (study.over()) {
        return;
      }
      Pause.of(Duration.ofMillis((long) (random.nextDouble() * usual(study).toMillis())));
      study = scene.study();
      if (study.over()) {
        return;
      }
      String child = victim(scene.trial().ids());
      Instant killed = clock.instant();
      OptionalLong pid = scene.supervisor().kill(child, "in round " + study.round());
      if (pid.isEmpty()) {
        throw new IOException("kill %s: it does not run".formatted(child));
      }
      Path file = mark(scene.layout(), child);
      Instant ready = ready(scene.supervisor(), child, pid.getAsLong(), file);
      done.add(new Kill(child, study.round(), killed, ready));
      told.accept(
          "kill %d of %d: %s in round %d, back after %d ms"
              .formatted(
                  done.size(),
                  kills,
                  child,
                  study.round(),
                  Duration.between(killed, ready).toMillis()));
      last = scene.study().round();
    }
  }

  private String victim(List<SiteId> sites) {
    return coordinator
        ? LocalConsortium.COORDINATOR
        : sites.get(random.nextInt(sites.size())).value();
  }

  /** What a service writes when it is ready, with its process id in it. */
  private Path mark(LocalConsortium.Layout layout, String child) {
    return coordinator
        ? layout.folder().resolve("coordinator").resolve("endpoint")
        : layout.siteState(new SiteId(child)).resolve("status.properties");
  }

  private Instant ready(Supervisor supervisor, String child, long former, Path file)
      throws IOException, InterruptedException {
    Instant until = clock.instant().plus(RESTART_MOST);
    while (true) {
      OptionalLong pid = supervisor.pid(child);
      if (pid.isPresent()
          && pid.getAsLong() != former
          && text(file).matches("(?s).*pid\"?[=:] ?%d\\D.*".formatted(pid.getAsLong()))) {
        return Files.getLastModifiedTime(file).toInstant();
      }
      if (supervisor.failure().isPresent() || clock.instant().isAfter(until)) {
        throw new IOException(
            "%s is not back: %s".formatted(child, supervisor.failure().orElse("no sign of it")));
      }
      Pause.of(RESTART_LOOK_EVERY);
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException notYet) {
      return "";
    }
  }

  /** How long a round takes in which nobody is killed. */
  private Duration usual(StudyView study) {
    long[] millis =
        study.rounds().stream()
            .filter(r -> r.closed().isPresent())
            .filter(r -> done.stream().noneMatch(kill -> kill.round() == r.number()))
            .mapToLong(r -> Duration.between(r.opened(), r.closed().get()).toMillis())
            .sorted()
            .toArray();
    return millis.length == 0 ? USUAL_ROUND : Duration.ofMillis(millis[millis.length / 2]);
  }
}
