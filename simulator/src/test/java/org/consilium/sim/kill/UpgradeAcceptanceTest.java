package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A running study is upgraded, the coordinator first and then one site after another, and goes back
 * again: the model of the undisturbed study. F12. Needs the home of an earlier version that was
 * built: {@code -Dconsilium.previous=HOME}.
 */
@Tag("slow")
final class UpgradeAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(10);
  private static final int ROUNDS = 40;

  @TempDir private Path folder;

  @Test
  void f12_upgradedAndRolledBackInMidStudy_keepsI1toI5() throws Exception {
    String named = System.getProperty("consilium.previous");
    if (named == null) {
      Assumptions.abort("SKIP: -Dconsilium.previous names no earlier version");
    }
    Path previous = Path.of(named).toAbsolutePath();
    Installation now = Packaged.installation();
    Evidence quiet = trial("quiet").run(now, CLOCK, Trial.Disturbance.NONE, _ -> {});
    Path home = Files.createDirectories(folder.resolve("home"));
    switchTo(home, previous, "coordinator");
    switchTo(home, previous, "site-node");

    Evidence upgraded =
        trial("upgraded")
            .run(
                new Installation(home, now.java(), now.flags()),
                CLOCK,
                scene -> {
                  restart(scene, home, now.home(), "coordinator", LocalConsortium.COORDINATOR);
                  for (SiteId site : scene.trial().ids()) {
                    restart(scene, home, now.home(), "site-node", site.value());
                  }
                  restart(scene, home, previous, "coordinator", LocalConsortium.COORDINATOR);
                  restart(
                      scene, home, previous, "site-node", scene.trial().ids().getFirst().value());
                  restart(scene, home, now.home(), "coordinator", LocalConsortium.COORDINATOR);
                },
                _ -> {});

    assertThat(upgraded.faults()).isEmpty();
    assertThat(upgraded.versions()).isEqualTo(quiet.versions());
  }

  /** Two rounds under what runs, then the process dies in mid-round and comes back as the other. */
  private static void restart(
      Trial.Scene scene, Path home, Path version, String module, String child)
      throws IOException, InterruptedException {
    int until = scene.study().round() + 2;
    while (scene.study().round() < until) {
      assertThat(scene.study().over()).as("the study is over too soon").isFalse();
      Pause.of(Duration.ofMillis(20));
    }
    switchTo(home, version, module);
    assertThat(scene.supervisor().kill(child, "upgrade")).isPresent();
  }

  /** Another version in the place of a module, from its next start on. */
  private static void switchTo(Path home, Path version, String module) throws IOException {
    Path link = home.resolve(module);
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, version.resolve(module));
  }

  private Trial trial(String name) {
    return new Trial(folder.resolve(name), "masked", 3, 600_000, ROUNDS, MOST);
  }
}
