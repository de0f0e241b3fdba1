package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL at random instants, and the model of the undisturbed study. Here a few kills; {@code
 * consilium bench kills} does the same 200 times.
 */
@Tag("exhaustive")
final class KillAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(4);
  private static final int KILLS = 4;

  /** Many more than kills: rounds go on while the next kill is waited for. */
  private static final int ROUNDS = 10 * KILLS;

  @TempDir private Path folder;

  @Test
  void f1f2_killedAtRandomInstants_masked_keepsI1toI9() throws Exception {
    Installation installation = Packaged.installation();
    Evidence quiet = trial("quiet").run(installation, CLOCK, Trial.Disturbance.NONE, _ -> {});
    assertThat(quiet.faults()).isEmpty();

    for (boolean coordinator : new boolean[] {true, false}) {
      long seed = 20261129;
      RandomKills kills = new RandomKills(coordinator, KILLS, seed, CLOCK, System.out::println);
      Evidence killed =
          trial(coordinator ? "coordinator-killed" : "sites-killed")
              .run(installation, CLOCK, kills, _ -> {});

      System.out.println(Restarts.of(killed, kills.done()).text());
      assertThat(kills.done()).as("seed %d", seed).hasSize(KILLS);
      assertThat(killed.faults()).as("seed %d", seed).isEmpty();
      assertThat(killed.versions()).as("seed %d", seed).isEqualTo(quiet.versions());
      assertThat(killed.receipts()).isPositive();
    }
  }

  private Trial trial(String name) {
    return new Trial(folder.resolve(name), "masked", 3, 20_000, ROUNDS, MOST);
  }
}
