package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates of a minute's life in a study of ten rounds, with real processes and sockets. */
@Tag("slow")
final class RenewalAcceptanceTest {
  private static final String STUDY = "renewals";
  private static final int ROUNDS = 10;
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));

  @TempDir Path folder;

  @Test
  void study_certificatesOfAMinute_renewedWithoutALostRound() throws Exception {
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {})) {
      LocalConsortium.Layout layout =
          new LocalConsortium.Layout(folder.resolve("lab"), 256, 256, Optional.of("1m"));
      LocalConsortium consortium =
          LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor);
      var _ = consortium.await();
      for (SiteId site : SITES) { // each serves at once: its certificate lives for a minute
        consortium.join(List.of(site));
        consortium.serve(site, List.of("--data", "synthetic:1000"));
      }
      List<Credential> first = credentials(layout);
      String digest = consortium.create(yaml());
      consortium.approveStudy(STUDY, digest, SITES);
      consortium.startStudy(STUDY);

      StudyView end = pacedToItsEnd(consortium);

      assertThat(end.rounds()).hasSize(ROUNDS);
      assertThat(end.rounds()).allMatch(r -> r.outcome().equals("COMPLETED"));
      assertThat(end.rounds()).allMatch(r -> r.weights().size() == SITES.size());
      List<Credential> last = credentials(layout);
      for (int i = 0; i < SITES.size(); i++) {
        assertThat(last.get(i).id()).isEqualTo(first.get(i).id());
        assertThat(last.get(i).leaf().getPublicKey())
            .isNotEqualTo(first.get(i).leaf().getPublicKey());
        long asked =
            Files.readAllLines(layout.siteState(SITES.get(i)).resolve("ledger.jsonl")).stream()
                .filter(l -> l.contains("\"renew-request\""))
                .count();
        assertThat(asked).as("renewals of " + SITES.get(i)).isGreaterThanOrEqualTo(2);
      }
      consortium.close();
    }
  }

  /** Holds the study up after a round, so that it outlives two certificates of each site. */
  private static StudyView pacedToItsEnd(LocalConsortium consortium) throws Exception {
    Instant until = CLOCK.instant().plus(Duration.ofMinutes(8));
    int held = 0;
    while (CLOCK.instant().isBefore(until)) {
      StudyView view = consortium.study(STUDY);
      if (view.state().equals("COMPLETED") || view.state().equals("MONITORING")) {
        return view;
      }
      int done = (int) view.rounds().stream().filter(r -> r.outcome().equals("COMPLETED")).count();
      if (done > held && done < ROUNDS) {
        held = done;
        steer(consortium, "pause");
        Pause.of(Duration.ofSeconds(12));
        steer(consortium, "resume");
      }
      consortium.failIfGivenUp();
      Pause.of(Duration.ofMillis(200));
    }
    throw new AssertionError("the study did not end: " + consortium.study(STUDY));
  }

  private static void steer(LocalConsortium consortium, String step) throws Exception {
    var _ =
        consortium.api().post("/api/v1/studies/" + STUDY + ":" + step, "application/json", "{}");
  }

  private static List<Credential> credentials(LocalConsortium.Layout layout) throws Exception {
    List<Credential> all = new java.util.ArrayList<>();
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
