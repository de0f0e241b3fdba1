package org.consilium.coordinator.issuing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.consilium.coordinator.consortium.Authority;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.Role;
import org.consilium.security.roster.Roster;

/** An authority's real mind in this process, with two administrators who sign when told to. */
public final class TestAuthority {
  private static final byte[] NOTHING = new byte[0];

  final PersonKey ada;
  final PersonKey ben;
  final byte[] founding;
  final Journal journal;
  private final CertificateAuthority certificates;
  private final Duration siteLife;
  private final InstantSource clock;
  private final SecureRandom random;
  private Registrar registrar;

  public TestAuthority(
      CertificateAuthority certificates,
      Duration siteLife,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    this.certificates = certificates;
    this.siteLife = siteLife;
    this.clock = clock;
    this.random = random;
    this.ada = PersonKey.create("ada", "ada@example.org", random);
    this.ben = PersonKey.create("ben", "ben@example.org", random);
    this.journal = new InMemoryJournal(clock);
    List<Role> roles = List.of(new Role(Role.Kind.CONSORTIUM_ADMIN, ""));
    Roster first = Roster.first(certificates.trustDomain(), List.of(ada.as(roles), ben.as(roles)));
    this.founding = Decision.found(first, List.of(ada, ben), terms()).encoded();
    this.registrar = restarted();
  }

  /** The authority, as the coordinator is given it. */
  public Registrar registrar() {
    return registrar;
  }

  /** Another process over the same journal. */
  Registrar restarted() throws IOException {
    registrar = Registrar.open(certificates, journal, founding, siteLife, clock, random);
    return registrar;
  }

  Motion.Terms terms() {
    return new Motion.Terms(clock.instant().plus(Duration.ofDays(7)), random);
  }

  Motion motion(PersonKey proposer, Act act, String subject, byte[] detail) {
    return Motion.propose(certificates.trustDomain(), act, subject, detail, proposer, terms());
  }

  MotionStanding propose(PersonKey proposer, Act act, String subject, byte[] detail)
      throws MembershipRefused, IOException {
    return registrar.submit(proposer.sign(motion(proposer, act, subject, detail)));
  }

  /** Ada's signature on the proposal to add a site; nobody has seen it yet. */
  public org.consilium.security.roster.Ballot proposal(SiteId site) {
    return ada.sign(motion(ada, Act.ADD_SITE, site.value(), NOTHING));
  }

  /** Both administrators agree. */
  void both(Act act, String subject, byte[] detail) throws MembershipRefused, IOException {
    var _ = registrar.submit(ben.sign(propose(ada, act, subject, detail).motion()));
  }

  /** Puts a site on the roster, unless it is there, and gives out ada's token for it. */
  public JoinToken invite(SiteId site) throws MembershipRefused, IOException {
    if (!rosterHas(site)) {
      both(Act.ADD_SITE, site.value(), NOTHING);
    }
    return token(site, Duration.ofHours(72));
  }

  private boolean rosterHas(SiteId site) throws IOException {
    try {
      return registrar
          .roster()
          .verify(certificates.root(), certificates.trustDomain(), clock)
          .roster()
          .has(site.value());
    } catch (org.consilium.security.roster.RosterRefused broken) {
      throw new IOException(broken);
    }
  }

  JoinToken token(SiteId site, Duration life) throws MembershipRefused, IOException {
    JoinToken token =
        new JoinToken(
            site.value(),
            "localhost",
            8443,
            8444,
            certificates.rootFingerprint(),
            JoinToken.newSecret(random),
            clock.instant().plus(life));
    byte[] detail =
        ByteBuffer.allocate(40)
            .put(token.secretDigest().bytes())
            .putLong(token.expiry().getEpochSecond())
            .array();
    var _ = propose(ada, Act.INVITE_SITE, site.value(), detail);
    return token;
  }

  /** Ben compared the words: both certificates are issued. */
  public void admit(SiteId site, KeyRequest tls, KeyRequest signing)
      throws MembershipRefused, IOException {
    var _ = propose(ben, Act.ADMIT_KEYS, site.value(), keys(tls, signing));
  }

  static byte[] keys(KeyRequest tls, KeyRequest signing) {
    return ByteBuffer.allocate(64)
        .put(tls.fingerprint().bytes())
        .put(signing.fingerprint().bytes())
        .array();
  }

  /** What a site sends beside its requests. */
  public static byte[] binding(SiteId site, JoinToken token, KeyRequest tls, KeyRequest signing) {
    return tls.vouch(
        JoinToken.statement(site.value(), token.secretDigest(), signing.fingerprint()));
  }

  static Fingerprint enrol(
      Authority through, SiteId site, JoinToken token, KeyRequest tls, KeyRequest signing)
      throws MembershipRefused, IOException {
    return through.enrol(
        site,
        token.secret(),
        new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0"),
        binding(site, token, tls, signing));
  }
}
