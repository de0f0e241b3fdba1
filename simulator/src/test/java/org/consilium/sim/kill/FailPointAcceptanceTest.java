package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.protocol.fault.FailPoint.*;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.sim.kill.Strikes.Strike;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes with a real database die at every place that has a name, one after the other in
 * one study, and are started again. The model is that of a study in which nobody died, bit for bit.
 */
final class FailPointAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(20);

  /** Two chunks of 1 MiB at most, so that an upload has a middle. */
  private static final long PARAMETERS = 300_000;

  private static final int SITES = 4;
  private static final int ROUNDS = 10;
  private static final int ROUNDS_SEALED = 6;

  private static final SiteId FIRST = new SiteId("site-01");
  private static final SiteId SECOND = new SiteId("site-02");
  private static final SiteId THIRD = new SiteId("site-03");
  private static final SiteId FOURTH = new SiteId("site-04");

  /**
   * Of four sites three sign and three give shares, so that some and enough are two places. The
   * coordinator dies about three times a round: early, in the middle, late. At last disks fail for
   * a while: at the journal the process ends, elsewhere it works on.
   */
  private static final List<Strike> MASKED =
      List.of(
          Strike.coordinator(ROUND_OPENED),
          Strike.coordinator(CHUNK_HALF_WRITTEN, "kill:2"),
          Strike.coordinator(MODEL_COMPUTED),
          Strike.coordinator(KEYS_JOURNALED, "kill:2"),
          Strike.coordinator(SPOOL_FORCED),
          Strike.coordinator(MODEL_STORED),
          Strike.coordinator(PARCELS_JOURNALED, "kill:2"),
          Strike.coordinator(JOURNAL_UNCOMMITTED),
          Strike.coordinator(MODEL_JOURNALED),
          Strike.coordinator(PARCELS_HANDED_ON, "kill:2"),
          Strike.coordinator(UPDATE_JOURNALED),
          Strike.coordinator(RELEASE_JOURNALED),
          Strike.coordinator(LAST_UPDATE_JOURNALED),
          Strike.coordinator(CONSENT_JOURNALED),
          Strike.coordinator(RELEASE_JOURNALED, "kill:3"),
          Strike.coordinator(SURVIVORS_CHOSEN, "kill:2"),
          Strike.coordinator(CONSENT_JOURNALED, "kill:3"),
          Strike.coordinator(REPORT_JOURNALED, "kill:2"),
          Strike.coordinator(JOURNAL_UNCOMMITTED, "io-error:9"),
          Strike.coordinator(SPOOL_UNFORCED, "io-error"),
          Strike.site(FIRST, TRAINING_STEP),
          Strike.site(FIRST, CONSENT_FORCED),
          Strike.site(FIRST, LEDGER_UNWRITTEN, "kill:9"),
          Strike.site(FIRST, LEDGER_UNWRITTEN, "io-error:8-12"),
          Strike.site(SECOND, UPDATE_SIGNED),
          Strike.site(SECOND, OUTBOX_UNFORCED),
          Strike.site(SECOND, RELEASE_UNRECORDED),
          Strike.site(SECOND, OUTBOX_UNFORCED, "io-error"),
          Strike.site(THIRD, UPDATE_SPOOLED),
          Strike.site(THIRD, CHUNK_SENT, "kill:2"),
          Strike.site(THIRD, RELEASE_RECORDED),
          Strike.site(FOURTH, RECEIPT_READ));

  private static final List<Strike> SEALED =
      List.of(
          Strike.coordinator(UPDATE_JOURNALED),
          Strike.coordinator(LAST_UPDATE_JOURNALED, "halt"),
          Strike.coordinator(SPOOL_UNFORCED),
          Strike.coordinator(SPOOL_FORCED, "kill:2"),
          Strike.coordinator(MODEL_COMPUTED),
          Strike.coordinator(MODEL_STORED),
          Strike.coordinator(MODEL_JOURNALED),
          Strike.coordinator(CHUNK_HALF_WRITTEN, "io-error:2"),
          Strike.site(FIRST, CHUNK_SENT, "kill:2"),
          Strike.site(FIRST, RECEIPT_READ),
          Strike.site(SECOND, UPDATE_SIGNED),
          Strike.site(SECOND, UPDATE_SPOOLED));

  /** Where training goes on: {@code ResumedTrainingTest} of the site node strikes there. */
  private static final Set<FailPoint> ELSEWHERE = EnumSet.of(PROGRESS_KEPT);

  private static final Path ROOT =
      Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void everyFailPoint_isStruckByATest() {
    Set<FailPoint> struck = EnumSet.copyOf(ELSEWHERE);
    Stream.of(MASKED, SEALED).flatMap(List::stream).map(Strike::point).forEach(struck::add);

    assertThat(struck).containsExactlyInAnyOrder(FailPoint.values());
  }

  @Test
  void everyFailPoint_standsInTheOperatorsPage() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/operating/crashes.md"));

    for (FailPoint point : FailPoint.values()) {
      assertThat(page).contains("| `%s` |".formatted(point.word()));
    }
  }

  /**
   * Masked and sealed updates of the same sites make the same models, so that one study in which
   * nobody dies is the measure of both.
   */
  @Tag("slow")
  @Test
  void f1f2f6_struckAtEveryFailPoint_keepsI1toI9() throws Exception {
    Installation installation = Packaged.installation();
    Evidence quiet = run("quiet", "sealed", ROUNDS, installation);
    assertThat(quiet.faults()).isEmpty();
    assertThat(quiet.versions()).hasSize(ROUNDS);

    assertUndisturbed(quiet, "masked", ROUNDS, new Strikes(MASKED), installation);
    assertUndisturbed(quiet, "sealed", ROUNDS_SEALED, new Strikes(SEALED), installation);
  }

  private void assertUndisturbed(
      Evidence quiet, String mode, int rounds, Strikes strikes, Installation installation)
      throws Exception {
    Evidence struck = run(mode, mode, rounds, installation.with(strikes));

    System.out.printf(
        "%s, %d rounds: %d s with %d strikes; %d rounds of which none is disturbed: %d s%n",
        mode,
        rounds,
        struck.took().toSeconds(),
        struck.reached().size(),
        quiet.versions().size(),
        quiet.took().toSeconds());
    assertThat(struck.faults()).isEmpty();
    assertThat(struck.versions()).isEqualTo(quiet.versions().subList(0, rounds));
    assertThat(new TreeSet<>(struck.reached()))
        .containsExactlyInAnyOrderElementsOf(strikes.all().stream().map(Strike::said).toList());
  }

  private Evidence run(String name, String mode, int rounds, Installation installation)
      throws Exception {
    return new Trial(folder.resolve(name), mode, SITES, PARAMETERS, rounds, MOST)
        .run(installation, CLOCK, Trial.Disturbance.NONE, _ -> {});
  }
}
