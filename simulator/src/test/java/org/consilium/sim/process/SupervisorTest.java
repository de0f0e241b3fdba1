package org.consilium.sim.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SupervisorTest {
  private final List<ProcessEvent> events = new CopyOnWriteArrayList<>();

  @TempDir Path folder;

  @Test
  void kill_restartedChild_comesBackWithAnotherProcess() throws Exception {
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("sleeper", List.of("sleep", "60"), true));
      long first = supervisor.pid("sleeper").orElseThrow();

      supervisor.kill("sleeper", "test");
      await(() -> supervisor.pid("sleeper").isPresent() && pid(supervisor) != first);

      assertThat(ProcessHandle.of(first).filter(ProcessHandle::isAlive)).isEmpty();
      assertThat(events)
          .anySatisfy(e -> assertThat(e).isInstanceOf(ProcessEvent.Killed.class))
          .anySatisfy(
              e ->
                  assertThat(e)
                      .isInstanceOfSatisfying(
                          ProcessEvent.Started.class, s -> assertThat(s.start()).isEqualTo(2)));
      assertThat(supervisor.lives().stream().map(Supervisor.Life::ended))
          .contains(Optional.empty())
          .anyMatch(Optional::isPresent);
    }
  }

  @Test
  void kill_fromOutside_isRestartedToo() throws Exception {
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("sleeper", List.of("sleep", "60"), true));
      long first = pid(supervisor);

      ProcessHandle.of(first).orElseThrow().destroyForcibly();

      await(() -> supervisor.pid("sleeper").isPresent() && pid(supervisor) != first);
    }
  }

  @Test
  void killForGood_restartedChild_staysDead() throws Exception {
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("sleeper", List.of("sleep", "60"), true));

      supervisor.killForGood("sleeper", "test");

      await(() -> events.stream().anyMatch(ProcessEvent.Ended.class::isInstance));
      assertThat(supervisor.pid("sleeper")).isEmpty();
    }
  }

  @Test
  void startAgain_childKilledForGood_runsAndIsWatched() throws Exception {
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("sleeper", List.of("sleep", "60"), true));
      supervisor.killForGood("sleeper", "test");
      await(() -> events.stream().anyMatch(ProcessEvent.Ended.class::isInstance));

      supervisor.startAgain("sleeper");
      long second = supervisor.pid("sleeper").orElseThrow();
      supervisor.startAgain("sleeper"); // it runs

      assertThat(supervisor.pid("sleeper")).hasValue(second);
      var _ = supervisor.kill("sleeper", "test");
      await(() -> supervisor.pid("sleeper").orElse(second) != second);
    }
  }

  @Test
  void start_childThatKeepsFailing_isGivenUpWithItsOutput() throws Exception {
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("broken", List.of("sh", "-c", "echo no such study; exit 3"), true));

      await(() -> supervisor.failure().isPresent());

      assertThat(supervisor.failure()).get().asString().contains("code 3", "no such study");
    }
  }

  @Test
  void close_runningChildren_endsThem() throws Exception {
    long pid;
    try (Supervisor supervisor = new Supervisor(InstantSource.system(), events::add)) {
      supervisor.start(child("sleeper", List.of("sleep", "60"), true));
      pid = pid(supervisor);
    }

    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void parse_statusOfTheKernel_readsPeak() {
    // Two lines as proc(5) shows them.
    assertThat(PeakMemory.parse(List.of("VmPeak:\t  999 kB", "VmHWM:\t   12345 kB")))
        .hasValue(12_345);
    assertThat(PeakMemory.parse(List.of("Name:\tjava"))).isEmpty();
  }

  private static long pid(Supervisor supervisor) {
    return supervisor.pid("sleeper").orElse(-1);
  }

  private Child child(String name, List<String> command, boolean restarted) {
    return new Child(
        "test", name, () -> command, Map.of(), folder.resolve(name + ".log"), restarted);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException, IOException {
    Instant until = InstantSource.system().instant().plus(Duration.ofSeconds(20));
    while (!condition.getAsBoolean()) {
      if (InstantSource.system().instant().isAfter(until)) {
        throw new IOException("waited 20 s in vain");
      }
      Pause.of(Duration.ofMillis(20));
    }
  }
}
