package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.consilium.protocol.SiteId;
import org.consilium.sim.process.Child;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backup by the command, of processes: it goes on elsewhere, and an old one is told. F13. */
@Tag("slow")
final class BackupAcceptanceTest {
  private static final String STUDY = "backups";
  private static final int ROUNDS = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(6);
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));

  @TempDir Path folder;

  @Test
  void f13_backupInMidStudy_goesOnElsewhere_andIsRefusedOnceItIsOld() throws Exception {
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {})) {
      LocalConsortium.Layout layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 256);
      LocalConsortium consortium =
          LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor);
      var _ = consortium.await();
      consortium.join(SITES);
      for (SiteId site : SITES) {
        consortium.serve(site, List.of("--data", "synthetic:1000"));
      }
      consortium.approveStudy(STUDY, consortium.create(yaml()), SITES);
      consortium.startStudy(STUDY);
      await(consortium, view -> completed(view) >= 2);
      steer(consortium, "pause");
      await(consortium, view -> view.state().equals("PAUSED"));

      Path backup = folder.resolve("monday.backup");
      run("backup", "backup", "--state", layout.coordinatorState().toString(), "-o", backup);
      try (Stream<Path> left = Files.list(layout.coordinatorState())) {
        assertThat(left).noneMatch(f -> String.valueOf(f.getFileName()).startsWith("backup-"));
      }
      supervisor.killForGood(LocalConsortium.COORDINATOR, "test");

      Path second = layout.folder().resolve("coordinator-two");
      run("restore", "restore", "--from", backup, "--state", second);
      serve(supervisor, consortium, layout, "two", second);
      steer(consortium, "resume");
      StudyView end = await(consortium, view -> view.over() || view.state().equals("MONITORING"));
      assertThat(end.state()).isIn("COMPLETED", "MONITORING");
      assertThat(end.rounds().stream().filter(r -> r.outcome().equals("COMPLETED")))
          .hasSize(ROUNDS)
          .allMatch(r -> r.weights().size() == SITES.size());
      supervisor.stop(List.of("two"));

      Path third = layout.folder().resolve("coordinator-three");
      run("again", "restore", "--from", backup, "--state", third);
      serve(supervisor, consortium, layout, "three", third);
      Instant until = CLOCK.instant().plus(PATIENCE);
      while (!Files.exists(layout.log("three"))
          || !Files.readString(layout.log("three")).contains("error CS-AUDIT-006")) {
        assertThat(CLOCK.instant()).as("nobody told that the backup is old").isBefore(until);
        Pause.of(Duration.ofMillis(200));
      }
      assertThat(third.resolve("rolled-back")).content().contains("hospitals have seen more");
      consortium.close();
    }
  }

  private static void serve(
      Supervisor supervisor,
      LocalConsortium consortium,
      LocalConsortium.Layout layout,
      String name,
      Path state)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("coordinator", "serve"));
    command.addAll(List.of("--state", state.toString()));
    command.addAll(List.of("--consortium", layout.relay().toString()));
    command.addAll(List.of("--http-port", Integer.toString(consortium.api().base().getPort())));
    command.addAll(List.of("--grpc-port", Integer.toString(consortium.grpcPort())));
    command.addAll(List.of("--enrolment-port", "0"));
    supervisor.start(
        new Child(
            LocalConsortium.COORDINATOR,
            name,
            () -> Packaged.installation().service("coordinator", 256, command),
            Map.of(),
            layout.log(name),
            true));
  }

  /** Runs a command of the coordinator to its good end. */
  private void run(String name, Object... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("coordinator"));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Running.start(
            name,
            Packaged.installation().service("coordinator", 128, command),
            folder.resolve(name + ".log"),
            CLOCK)
        .finish(CLOCK.instant().plus(PATIENCE));
  }

  private static void steer(LocalConsortium consortium, String step) throws Exception {
    var _ =
        consortium
            .api()
            .post(
                "/api/v1/studies/" + STUDY + ":" + step,
                "application/json",
                step.equals("pause") ? "{\"reason\": \"for a backup\"}" : "{}");
  }

  private static StudyView await(LocalConsortium consortium, Predicate<StudyView> done)
      throws Exception {
    Instant until = CLOCK.instant().plus(PATIENCE);
    while (true) {
      StudyView view = consortium.study(STUDY);
      if (done.test(view)) {
        return view;
      }
      assertThat(CLOCK.instant()).as("%s", view).isBefore(until);
      Pause.of(Duration.ofMillis(50));
    }
  }

  private static int completed(StudyView view) {
    return (int) view.rounds().stream().filter(r -> r.outcome().equals("COMPLETED")).count();
  }

  private static String yaml() {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: Rounds before and after a backup}
    spec:
      model:     {architecture: synthetic, height: 8, width: 8, parameters: 1000000}
      task:      {type: classification, labels: [negative, positive]}
      algorithm: {name: fedavg, rounds: %d}
      training:  {localBaseline: false}
      sites:     {include: [north, south, west], quorum: 3, deadline: 5m}
      drift:     {detector: none}
      seed: 1
    """
        .formatted(STUDY, ROUNDS);
  }
}
