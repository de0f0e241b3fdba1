package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates of two minutes, with real processes and sockets. F11: I1, I9. */
@Tag("slow")
final class RenewalAcceptanceTest {
  private static final String STUDY = "renewals";
  private static final int ROUNDS = 10;
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));

  private static final int AGAIN = 3; // exit code: nobody answers
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  @TempDir Path folder;

  private final Installation installation = Packaged.installation();
  private LocalConsortium.Layout layout;

  @BeforeEach
  void chooseLayout() {
    layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 256, Optional.of("2m"));
  }

  @Test
  void f11_authorityAwayWhenRenewalsAreDue_renewedWithoutALostRound() throws Exception {
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {});
        LocalConsortium consortium =
            LocalConsortium.start(installation, layout, CLOCK, supervisor)) {
      serve(consortium);
      List<Credential> first = credentials();
      begin(consortium);

      StudyView end = pacedToItsEnd(consortium, supervisor);

      whole(end);
      List<Credential> last = credentials();
      for (int i = 0; i < SITES.size(); i++) {
        assertThat(last.get(i).id()).isEqualTo(first.get(i).id());
        assertThat(last.get(i).leaf().getPublicKey())
            .isNotEqualTo(first.get(i).leaf().getPublicKey());
        long asked =
            Files.readAllLines(layout.siteState(SITES.get(i)).resolve("ledger.jsonl")).stream()
                .filter(l -> l.contains("\"renew-request\""))
                .count();
        assertThat(asked).as("renewals of " + SITES.get(i)).isPositive();
      }
    }
  }

  @Test
  void f11_authorityAwayForLongerThanCertificates_nodesStopAndComeBackByHand() throws Exception {
    TypedCommands commands = new TypedCommands(installation);
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {});
        LocalConsortium consortium =
            LocalConsortium.start(installation, layout, CLOCK, supervisor)) {
      serve(consortium);
      begin(consortium);
      int with = completed(await(consortium, view -> completed(view) >= 1));
      supervisor.killForGood(LocalConsortium.AUTHORITY, "it is away");
      await(consortium, view -> completed(view) > with + 1); // rounds go on without it
      steer(consortium, "pause");

      Instant until = CLOCK.instant().plus(Duration.ofMinutes(3));
      while (!SITES.stream().allMatch(this::stopped)) {
        assertThat(CLOCK.instant()).as("nodes serve with ended certificates").isBefore(until);
        Pause.of(LOOK_EVERY);
      }
      supervisor.stop(SITES.stream().map(SiteId::value).toList());
      int before = completed(consortium.study(STUDY));
      steer(consortium, "resume");
      TypedCommands.Said early = renew(commands, SITES.getFirst());
      assertThat(early.exit()).as(early.text()).isNotZero();
      assertThat(early.text())
          .contains("CS-NET-001", "the issuing authority does not answer", "again")
          .doesNotContain("\tat ");
      assertThat(completed(consortium.study(STUDY))).isEqualTo(before);

      supervisor.startAgain(LocalConsortium.AUTHORITY);
      until = CLOCK.instant().plus(Duration.ofMinutes(1));
      for (SiteId site : SITES) {
        TypedCommands.Said renewed = renew(commands, site);
        while (renewed.exit() == AGAIN && CLOCK.instant().isBefore(until)) { // it is starting
          renewed = renew(commands, site);
        }
        assertThat(renewed.exit()).as("%s: %s", site, renewed.text()).isZero();
        supervisor.startAgain(site.value());
      }

      whole(await(consortium, RenewalAcceptanceTest::over));
    }
  }

  private TypedCommands.Said renew(TypedCommands commands, SiteId site) throws Exception {
    return commands.run("site-node", "node", "renew", "--state", layout.siteState(site).toString());
  }

  /** Whether a node has said that it serves no longer, and why. */
  private boolean stopped(SiteId site) {
    return said(site, "CS-AUTH-001");
  }

  private boolean said(SiteId site, String words) {
    try {
      return Files.readString(layout.log(site.value())).contains(words);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private void serve(LocalConsortium consortium) throws Exception {
    var _ = consortium.await();
    for (SiteId site : SITES) { // each serves at once: its certificate does not live long
      consortium.join(List.of(site));
      consortium.serve(site, List.of("--data", "synthetic:1000"));
    }
  }

  private static void begin(LocalConsortium consortium) throws Exception {
    consortium.approveStudy(STUDY, consortium.create(yaml()), SITES);
    consortium.startStudy(STUDY);
  }

  private static void whole(StudyView end) {
    assertThat(end.rounds()).hasSize(ROUNDS);
    assertThat(end.rounds()).allMatch(r -> r.outcome().equals("COMPLETED"));
    assertThat(end.rounds()).allMatch(r -> r.weights().size() == SITES.size());
  }

  private static StudyView await(LocalConsortium consortium, Predicate<StudyView> so)
      throws Exception {
    Instant until = CLOCK.instant().plus(Duration.ofMinutes(3));
    while (CLOCK.instant().isBefore(until)) {
      StudyView view = consortium.study(STUDY);
      if (so.test(view)) {
        return view;
      }
      Pause.of(LOOK_EVERY);
    }
    throw new AssertionError("nothing came of it: " + consortium.study(STUDY));
  }

  private static boolean over(StudyView view) {
    return view.state().equals("COMPLETED") || view.state().equals("MONITORING");
  }

  private static int completed(StudyView view) {
    return (int) view.rounds().stream().filter(r -> r.outcome().equals("COMPLETED")).count();
  }

  /**
   * Holds the study up after a round, so that it outlives each site's certificate; once until a
   * renewal has failed because the authority is away.
   */
  private StudyView pacedToItsEnd(LocalConsortium consortium, Supervisor supervisor)
      throws Exception {
    Instant until = CLOCK.instant().plus(Duration.ofMinutes(8));
    int held = 0;
    while (CLOCK.instant().isBefore(until)) {
      StudyView view = consortium.study(STUDY);
      if (over(view)) {
        return view;
      }
      int done = completed(view);
      if (done > held && done < ROUNDS) {
        held = done;
        steer(consortium, "pause");
        if (done == 2) {
          outage(supervisor);
        } else {
          Pause.of(Duration.ofSeconds(6));
        }
        steer(consortium, "resume");
      }
      consortium.failIfGivenUp();
      Pause.of(LOOK_EVERY);
    }
    throw new AssertionError("the study did not end: " + consortium.study(STUDY));
  }

  /** The authority is away from just before a renewal is due until one has failed. */
  private void outage(Supervisor supervisor) throws Exception {
    Instant until = CLOCK.instant().plus(Duration.ofMinutes(3));
    while (!soonDue()) {
      assertThat(CLOCK.instant()).as("no renewal is due").isBefore(until);
      Pause.of(LOOK_EVERY);
    }
    supervisor.killForGood(LocalConsortium.AUTHORITY, "it is away");
    while (SITES.stream().noneMatch(site -> said(site, "the issuing authority does not answer"))) {
      assertThat(CLOCK.instant()).as("no renewal failed").isBefore(until);
      Pause.of(LOOK_EVERY);
    }
    supervisor.startAgain(LocalConsortium.AUTHORITY);
  }

  /** Whether the oldest certificate is about as old as one is that is renewed at its earliest. */
  private boolean soonDue() throws Exception {
    Instant earliest =
        credentials().stream().map(one -> one.renewAt(0)).min(Instant::compareTo).orElseThrow();
    return CLOCK.instant().plusSeconds(2).isAfter(earliest);
  }

  private static void steer(LocalConsortium consortium, String step) throws Exception {
    var _ =
        consortium.api().post("/api/v1/studies/" + STUDY + ":" + step, "application/json", "{}");
  }

  private List<Credential> credentials() throws Exception {
    List<Credential> all = new ArrayList<>();
    for (SiteId site : SITES) {
      all.add(Credential.load(layout.siteState(site), "tls"));
    }
    return all;
  }

  private static String yaml() {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: Rounds that outlive certificates}
    spec:
      model:     {architecture: synthetic, height: 8, width: 8, parameters: 1000000}
      task:      {type: classification, labels: [negative, positive]}
      algorithm: {name: fedavg, rounds: %d}
      training:  {localBaseline: false}
      sites:     {include: [%s], quorum: %d, deadline: 5m}
      drift:     {detector: none}
      seed: 1
    """
        .formatted(
            STUDY,
            ROUNDS,
            SITES.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            SITES.size());
  }
}
