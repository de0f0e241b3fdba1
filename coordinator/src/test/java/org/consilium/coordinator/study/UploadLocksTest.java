package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.intake.IntakeTerms;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.intake.UpdateIntake;
import org.consilium.coordinator.study.TestSite.Sealed;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.seal.AggregationKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one site's announcements cost the others, and what is left of them when a round ends. */
final class UploadLocksTest {
  private static final String SLOW = "slow";

  @TempDir Path folder;

  private TestConsortium c;
  private StudyPlan plan;
  private SiteId site;
  private RoundTask task;

  @BeforeEach
  void openRound() throws Exception {
    c = new TestConsortium(folder, 3);
    plan = c.begin(TestPlan.of(c.ids).rounds(1, 0).parameters(2_000));
    site = c.ids.getFirst();
    task = c.task(site);
  }

  @AfterEach
  void close() {
    c.close();
  }

  @Test
  void upload_whileAnotherSitesAnnouncementWaitsForTheDisk_goesOn() throws Exception {
    Sealed mine = train(site);
    SiteId other = c.ids.getLast();
    Sealed others = train(other);
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    c.space =
        () -> {
          if (Thread.currentThread().getName().equals(SLOW)) {
            reached.countDown();
            hold(goOn);
          }
          return Long.MAX_VALUE;
        };
    FutureTask<Intake> waits = new FutureTask<>(() -> announce(other, others));
    Thread slow = Thread.ofPlatform().name(SLOW).start(waits);
    try {
      assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();
      FutureTask<Intake> goes = new FutureTask<>(() -> c.send(site, mine));
      var _ = Thread.ofPlatform().daemon().start(goes);

      assertThat(goes.get(20, TimeUnit.SECONDS))
          .isEqualTo(new Intake.Accepted(mine.upload(), false));
      assertThat(waits.isDone()).isFalse();
    } finally {
      goOn.countDown();
      slow.join();
    }
    assertThat(waits.get()).isInstanceOf(Intake.Progress.class);
  }

  @Test
  void begin_twoUpdatesInTurns_refusedAfterAFew_andTheLastOneCounts() throws Exception {
    Sealed one = train(site);
    Sealed two = train(site);

    List<Intake> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(announce(site, i % 2 == 0 ? one : two));
    }

    // The first, and eight changes; the ninth announcement is of the one that came first.
    assertThat(answers.subList(0, 9)).allMatch(a -> a instanceof Intake.Progress);
    for (int i = 9; i < answers.size(); i++) {
      if (i % 2 == 0) {
        assertThat(answers.get(i)).as("announcement %d", i).isInstanceOf(Intake.Progress.class);
      } else {
        assertRefused(answers.get(i), Why.DIFFERENT_UPDATE);
      }
    }
    assertThat(c.send(site, one)).isEqualTo(new Intake.Accepted(one.upload(), false));
  }

  @Test
  void keepOnly_whileSitesAnnounce_leavesNoFileOpenAndNoneOnDisk() throws Exception {
    Map<SiteId, List<Sealed>> updates =
        Map.of(
            c.ids.get(0), List.of(train(c.ids.get(0)), train(c.ids.get(0))),
            c.ids.get(1), List.of(train(c.ids.get(1)), train(c.ids.get(1))),
            c.ids.get(2), List.of(train(c.ids.get(2)), train(c.ids.get(2))));
    for (int run = 0; run < 15; run++) {
      Path own = Files.createDirectories(folder.resolve("own" + run)).toRealPath();
      UpdateIntake intake =
          new UpdateIntake(Spool.open(own, Optional.empty()), () -> Long.MAX_VALUE, 0);
      intake.keepOnly(TestConsortium.STUDY, Optional.of(round()), task.attempt());
      List<Callable<Intake>> together = new ArrayList<>();
      updates.forEach((id, both) -> together.add(() -> inTurns(intake, id, both)));
      together.add(
          () -> {
            intake.keepOnly(TestConsortium.STUDY, Optional.empty(), 0);
            return announce(intake, site, train(site));
          });

      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Intake> last = new ArrayList<>();
        for (var done : threads.invokeAll(together)) {
          last.add(done.get());
        }
        assertRefused(last.getLast(), Why.UNKNOWN_UPLOAD);
      }

      assertThat(openUnder(own)).as("run %d", run).isEmpty();
      assertThat(own.resolve("pneumonia/1-1")).as("run %d", run).doesNotExist();
    }
  }

  /** A part of a round is over, and its files are gone; the next part is taken in as ever. */
  @Test
  void keepOnly_nextAttempt_takesItsUpdatesAndNoneOfTheOneBefore() throws Exception {
    UpdateIntake intake =
        new UpdateIntake(
            Spool.open(folder.resolve("own"), Optional.empty()), () -> Long.MAX_VALUE, 0);
    Sealed first = train(site);
    assertThat(announce(intake, site, first)).isInstanceOf(Intake.Progress.class);
    intake.keepOnly(TestConsortium.STUDY, Optional.empty(), 0);
    intake.keepOnly(TestConsortium.STUDY, Optional.of(round()), task.attempt() + 1);

    assertRefused(announce(intake, site, first), Why.UNKNOWN_UPLOAD);
    assertRefused(intake.attach(site, first.upload()), Why.UNKNOWN_UPLOAD);
    assertThat(announce(intake, site, again(first))).isInstanceOf(Intake.Progress.class);
  }

  private Intake inTurns(UpdateIntake intake, SiteId id, List<Sealed> both) {
    Intake last = announce(intake, id, both.getFirst());
    for (int i = 1; i < 4; i++) {
      last = announce(intake, id, both.get(i % 2));
    }
    return last;
  }

  private Intake announce(SiteId id, Sealed update) throws IOException {
    return c.studies().begin(id, update.body(), update.signature());
  }

  /** Past the study, whose round is open: as a thread that looked at it before it ended. */
  private Intake announce(UpdateIntake intake, SiteId id, Sealed update) {
    UpdateManifest m = update.manifest();
    IntakeTerms terms =
        new IntakeTerms(
            m.round(),
            m.attempt(),
            m.base(),
            Releases.layout(plan),
            m.context(),
            FixedPoint.terms(plan, c.ids.size()),
            List.of(),
            plan.protection().clip(),
            Map.of(id, m.samples()),
            Map.of(id, m.weight()),
            plan.protection().exposure().encoding(),
            false,
            AggregationKey.generate(c.random));
    return intake.begin(new Intake.Announced(id, m, update.upload(), update.body()), terms);
  }

  /** The same update for the attempt after its own. */
  private Sealed again(Sealed update) {
    UpdateManifest m = update.manifest();
    return c.site(site)
        .signed(
            new UpdateManifest(
                m.context(),
                m.round(),
                m.attempt() + 1,
                m.base(),
                m.layoutDigest(),
                m.vectorLength(),
                m.weight(),
                m.samples(),
                m.norm(),
                m.trainingLoss(),
                m.seal()),
            update.chunks());
  }

  private org.consilium.protocol.RoundId round() {
    return new org.consilium.protocol.RoundId(TestConsortium.STUDY, task.round());
  }

  private Sealed train(SiteId id) {
    return c.site(id).train(task, plan);
  }

  /** Files of a folder that this process has open, removed ones among them. */
  private static List<Path> openUnder(Path folder) throws IOException {
    Path all = Path.of("/proc/self/fd");
    Assumptions.assumeTrue(Files.isDirectory(all), "SKIP: open files are seen on Linux only");
    List<Path> open = new ArrayList<>();
    try (DirectoryStream<Path> links = Files.newDirectoryStream(all)) {
      for (Path link : links) {
        try {
          Path target = Files.readSymbolicLink(link);
          if (target.startsWith(folder)) {
            open.add(target);
          }
        } catch (NoSuchFileException closed) {
          // since the list was read
        }
      }
    }
    return open;
  }

  private static void hold(CountDownLatch until) {
    try {
      until.await();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static void assertRefused(Intake outcome, Why why) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Intake.Rejected.class, r -> assertThat(r.why()).as(r.detail()).isEqualTo(why));
  }
}
