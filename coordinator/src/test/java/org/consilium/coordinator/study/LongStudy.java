package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Clocks;
import org.consilium.coordinator.round.LongJournal;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;

/**
 * A coordinator's real studies over a journal with many rounds behind them; one more round is open.
 */
public final class LongStudy implements AutoCloseable {
  private static final String DOMAIN = "example.org";

  /** The study's sites, sorted. */
  public final List<SiteId> sites;

  /** The studies, opened from the journal. */
  public final Studies studies;

  private LongStudy(List<SiteId> sites, Studies studies) {
    this.sites = sites;
    this.studies = studies;
  }

  /** Writes the journal and opens it; every site is connected. */
  public static LongStudy open(
      Path folder, CertificateAuthority authority, Journal journal, int count, int rounds)
      throws IOException, StudyRefused {
    List<SiteId> sites =
        IntStream.rangeClosed(1, count)
            .mapToObj(i -> new SiteId("site-%03d".formatted(i)))
            .toList();
    InstantSource clock = InstantSource.system();
    SecureRandom random = new SecureRandom();
    Presence presence = new Presence(clock, System::nanoTime, Duration.ofMinutes(5));
    Credential signer =
        issue(
            authority,
            SpiffeId.coordinatorSigning(DOMAIN, "main"),
            Leaf.COORDINATOR_SIGNING.terms());
    Surroundings around =
        new Surroundings(
            Files.createDirectories(folder.resolve("state")),
            Optional.empty(),
            () -> Long.MAX_VALUE,
            DOMAIN,
            journal,
            id -> sites.contains(id) ? Optional.of(enrolled(id, signer)) : Optional.empty(),
            new Surroundings.Signer(SigningKey.of(signer), signer.chain()),
            (study, key) -> certify(authority, study.value(), key),
            presence,
            new Silence(() -> {}),
            new Clocks(clock, System::nanoTime),
            random,
            new FixedPointMean(1),
            Retention.DROP);
    TestPlan plan = TestPlan.of(sites).rounds(rounds + 1, 0).parameters(1000);
    try (Studies first = Studies.open(around)) {
      StudySnapshot _ = first.create(PlanCodec.encode(plan.plan()));
    }
    var state = RoundLoop.replay(TestConsortium.STUDY, journal).orElseThrow();
    var _ = new LongJournal(state, journal).write(rounds);
    for (SiteId site : sites) {
      presence.connect(
          site,
          new Presence.Link() {
            @Override
            public void wake() {}

            @Override
            public void close(Presence.Why why) {}
          });
    }
    return new LongStudy(sites, Studies.open(around));
  }

  private static EnrolledSite enrolled(SiteId id, Credential any) {
    return new EnrolledSite(id, any.chain(), Digest.sha256(new byte[] {1}));
  }

  private static List<X509Certificate> certify(
      CertificateAuthority authority, String study, Fingerprint key) throws IOException {
    return issue(
            authority,
            SpiffeId.aggregator(DOMAIN, study),
            Leaf.AGGREGATION.terms().withSealingKey(key))
        .chain();
  }

  private static Credential issue(CertificateAuthority authority, SpiffeId id, Leaf.Terms terms)
      throws IOException {
    KeyRequest request = KeyRequest.signing(new SecureRandom());
    try {
      return request.with(authority.issue(request.pkcs10(), id, terms));
    } catch (CertificateRefused refused) {
      throw new IOException(refused);
    }
  }

  @Override
  public void close() {
    studies.close();
  }
}
