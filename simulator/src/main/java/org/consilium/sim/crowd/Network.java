package org.consilium.sim.crowd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.intake.SpoolSpace;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Clocks;
import org.consilium.coordinator.study.Retention;
import org.consilium.coordinator.study.Studies;
import org.consilium.coordinator.study.StudyObserver;
import org.consilium.coordinator.study.Surroundings;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.site.protect.SiteIdentity;

/**
 * The consortium of a crowd: one authority, real certificates and keys for everybody, a coordinator
 * whose journal is in memory and whose spools are files.
 */
final class Network implements AutoCloseable {
  private static final String DOMAIN = "crowd.example.org";

  /** Nobody goes away. */
  private static final Duration GRACE = Duration.ofDays(365);

  private final SecureRandom random;
  private final List<SiteIdentity> sites;
  private final Studies studies;
  private final ChainCheck chains;

  private Network(
      SecureRandom random, List<SiteIdentity> sites, Studies studies, ChainCheck chains) {
    this.random = random;
    this.sites = sites;
    this.studies = studies;
    this.chains = chains;
  }

  static Network found(
      CrowdOrder order, StudyObserver observer, InstantSource wall, LongSupplier nanos)
      throws IOException {
    SecureRandom random = new SecureRandom();
    Path folder = Files.createDirectories(order.folder());
    CertificateAuthority authority =
        CertificateAuthority.create(
            Files.createDirectories(folder.resolve("ca")), DOMAIN, wall, random);
    List<SiteIdentity> sites = new ArrayList<>();
    Map<SiteId, EnrolledSite> enrolled = new TreeMap<>();
    for (int i = 1; i <= order.sites(); i++) {
      SiteId id = new SiteId("site-%04d".formatted(i));
      Credential signing =
          issue(authority, SpiffeId.siteSigning(DOMAIN, id.value()), Leaf.SITE_SIGNING.terms());
      byte[] secret = new byte[32];
      random.nextBytes(secret);
      SiteIdentity self = SiteIdentity.of(signing, secret);
      sites.add(self);
      enrolled.put(id, new EnrolledSite(id, signing.chain(), Digest.of(self.signingKey().bytes())));
    }
    Credential signer =
        issue(
            authority,
            SpiffeId.coordinatorSigning(DOMAIN, "crowd"),
            Leaf.COORDINATOR_SIGNING.terms());
    Path state = Files.createDirectories(folder.resolve("coordinator"));
    Surroundings around =
        new Surroundings(
            state,
            Optional.empty(),
            SpoolSpace.of(state),
            DOMAIN,
            new InMemoryJournal(wall),
            id -> Optional.ofNullable(enrolled.get(id)),
            new Surroundings.Signer(SigningKey.of(signer), signer.chain()),
            (study, key) -> certify(authority, study.value(), key),
            new Presence(wall, nanos, GRACE),
            observer,
            new Clocks(wall, nanos),
            random,
            new FixedPointMean(order.threads()),
            Retention.DROP);
    ChainCheck chains = new ChainCheck(authority.root(), DOMAIN, wall);
    return new Network(random, sites, Studies.open(around), chains);
  }

  Studies studies() {
    return studies;
  }

  List<SiteIdentity> sites() {
    return sites;
  }

  ChainCheck chains() {
    return chains;
  }

  SecureRandom random() {
    return random;
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
      throw new IOException("issue a certificate for " + id, refused);
    }
  }

  @Override
  public void close() {
    studies.close();
  }
}
