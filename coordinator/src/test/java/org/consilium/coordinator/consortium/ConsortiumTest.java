package org.consilium.coordinator.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.issuing.TestAuthority;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.sign.ChainCheck;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator's copy of the memberships, over the authority's real mind. */
final class ConsortiumTest {
  private static final SiteId NORTH = new SiteId("north");

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private final KeyRequest tls = KeyRequest.tls(random);
  private final KeyRequest signing = KeyRequest.signing(random);
  private final KeyRequests requests = new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0");

  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private boolean away;
  private Journal journal;
  private TestAuthority people;
  private Consortium consortium;

  @BeforeEach
  void create() throws Exception {
    CertificateAuthority authority =
        CertificateAuthority.create(folder.resolve("ca"), "example.org", () -> now, random);
    people = new TestAuthority(authority, Duration.ofDays(1), () -> now, random);
    journal = new InMemoryJournal(() -> now);
    consortium = Consortium.open(journal, line(), () -> now);
  }

  /** The authority over a line that can be cut. */
  private Authority line() {
    return (Authority)
        Proxy.newProxyInstance(
            Authority.class.getClassLoader(),
            new Class<?>[] {Authority.class},
            (_, method, arguments) -> {
              if (away && !List.of("root", "trustDomain").contains(method.getName())) {
                throw new AuthorityUnreachable("the line is cut", new IOException());
              }
              try {
                return method.invoke(people.registrar(), arguments);
              } catch (java.lang.reflect.InvocationTargetException thrown) {
                throw thrown.getCause();
              }
            });
  }

  private Fingerprint enrol() throws Exception {
    JoinToken token = people.invite(NORTH);
    return consortium.enrol(
        NORTH, token.secret(), requests, TestAuthority.binding(NORTH, token, tls, signing));
  }

  @Test
  void approve_byASecondPerson_issuesBothCertificatesAndSurvivesARestart() throws Exception {
    Fingerprint key = enrol();
    assertThat(key).isEqualTo(tls.fingerprint());

    people.admit(NORTH, tls, signing);

    var approved =
        (Consortium.Collected.Approved) consortium.collect(NORTH, Digest.of(key.bytes()));
    away = true;
    consortium = Consortium.open(journal, line(), () -> now);
    Credential credential = tls.with(ChainCheck.parse(approved.tlsChain()));
    assertThat(credential.id()).hasToString("spiffe://example.org/site/north/node/1");
    assertThat(consortium.admission(NORTH, credential.leaf())).isEqualTo(Admission.ADMITTED);
    assertThat(consortium.enrolled(NORTH).orElseThrow().signingKey())
        .isEqualTo(Digest.of(signing.fingerprint().bytes()));
  }

  @Test
  void badInput_03_revokedSite_isShutOutAndListenersAreTold() throws Exception {
    var _ = enrol();
    people.admit(NORTH, tls, signing);
    consortium.copy();
    List<SiteId> told = new ArrayList<>();
    consortium.onRevocation(told::add);

    consortium.revoke(NORTH, "stolen");

    assertThat(told).containsExactly(NORTH);
    assertThat(consortium.enrolled(NORTH)).isEmpty();
    assertThat(consortium.list().getFirst().state()).isEqualTo(Member.State.REVOKED);
  }

  @Test
  void badInput_03_revokedWhileTheAuthorityIsAway_isShutOutHereAndToldLater() throws Exception {
    var _ = enrol();
    people.admit(NORTH, tls, signing);
    consortium.copy();
    away = true;

    consortium.revoke(NORTH, "stolen");

    assertThat(consortium.enrolled(NORTH)).isEmpty();
    away = false;
    Consortium restarted = Consortium.open(journal, line(), () -> now);
    restarted.copy();
    MembershipRefused refused =
        catchThrowableOfType(
            MembershipRefused.class, () -> people.registrar().shutOut(NORTH, "again"));
    assertThat(refused.why()).isEqualTo(Why.WRONG_STATE); // it is revoked there by now
  }

  @Test
  void collect_whileTheAuthorityIsAway_saysSoOrWhatIsKnown() throws Exception {
    Fingerprint key = enrol();
    away = true;
    now = now.plusSeconds(10);

    assertThat(
            catchThrowableOfType(
                AuthorityUnreachable.class,
                () -> consortium.collect(NORTH, Digest.of(key.bytes()))))
        .isNotNull();
    assertThat(consortium.collect(NORTH, Digest.of(key.bytes())))
        .isInstanceOf(Consortium.Collected.Pending.class);
  }
}
