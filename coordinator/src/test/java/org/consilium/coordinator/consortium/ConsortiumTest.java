package org.consilium.coordinator.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
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

final class ConsortiumTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");
  private static final Consortium.Address ADDRESS =
      new Consortium.Address("coordinator.example.org", 8443, 8444);

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private final KeyRequest tls = KeyRequest.tls(random);
  private final KeyRequest signing = KeyRequest.signing(random);
  private final KeyRequests requests = new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0");

  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private Journal journal;
  private CertificateAuthority authority;
  private Consortium consortium;

  @BeforeEach
  void create() throws Exception {
    authority = CertificateAuthority.create(folder.resolve("ca"), "example.org", () -> now, random);
    journal = new InMemoryJournal(() -> now);
    consortium = open();
  }

  private Consortium open() throws Exception {
    return Consortium.open(journal, authority, Duration.ofDays(1), () -> now, random);
  }

  private JoinToken invite(SiteId site) throws Exception {
    return consortium.invite(site, Duration.ofDays(3), ADDRESS);
  }

  private static Why why(ThrowingCallable call) {
    MembershipRefused refused = catchThrowableOfType(MembershipRefused.class, call);
    assertThat(refused).as("must be refused").isNotNull();
    return refused.why();
  }

  @Test
  void approve_sixWords_issuesBothCertificatesAndSurvivesARestart() throws Exception {
    JoinToken token = invite(NORTH);
    Fingerprint key = consortium.enrol(NORTH, token.secret(), requests);
    assertThat(key).isEqualTo(tls.fingerprint());

    consortium.approve(NORTH, String.join(" ", key.words()));

    consortium = open();
    var approved =
        (Consortium.Collected.Approved) consortium.collect(NORTH, Digest.of(key.bytes()));
    Credential credential = tls.with(ChainCheck.parse(approved.tlsChain()));
    assertThat(credential.id()).hasToString("spiffe://example.org/site/north/node/1");
    assertThat(consortium.admission(NORTH, credential.leaf())).isEqualTo(Admission.ADMITTED);
    assertThat(consortium.enrolled(NORTH).orElseThrow().signingKey())
        .isEqualTo(Digest.of(signing.fingerprint().bytes()));
  }

  @Test
  void badInput_11_tokenUsedTwiceAtOnce_exactlyOneWins() throws Exception {
    JoinToken token = invite(NORTH);
    List<Callable<Boolean>> racers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      racers.add(
          () -> {
            try {
              consortium.enrol(NORTH, token.secret(), requests);
              return true;
            } catch (MembershipRefused refused) {
              assertThat(refused.why()).isEqualTo(Why.TOKEN_SPENT);
              return false;
            }
          });
    }

    int won = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var racer : threads.invokeAll(racers)) {
        won += racer.get() ? 1 : 0;
      }
    }

    assertThat(won).isEqualTo(1);
  }

  @Test
  void badInput_11_tokenOfAnotherSiteExpiredOrUnknown_isRefused() throws Exception {
    JoinToken token = invite(NORTH);

    assertThat(why(() -> consortium.enrol(SOUTH, token.secret(), requests)))
        .isEqualTo(Why.TOKEN_UNKNOWN);
    assertThat(why(() -> consortium.enrol(NORTH, new byte[32], requests)))
        .isEqualTo(Why.TOKEN_UNKNOWN);
    now = now.plus(Duration.ofDays(3)); // the very instant counts as over
    assertThat(why(() -> consortium.enrol(NORTH, token.secret(), requests)))
        .isEqualTo(Why.TOKEN_EXPIRED);
  }

  @Test
  void invite_again_endsTheOlderToken() throws Exception {
    JoinToken first = invite(NORTH);
    invite(NORTH);

    assertThat(why(() -> consortium.enrol(NORTH, first.secret(), requests)))
        .isEqualTo(Why.TOKEN_UNKNOWN);
  }

  @Test
  void badInput_12_brokenRequest_isRefusedWithoutSpendingTheToken() throws Exception {
    JoinToken token = invite(NORTH);
    byte[] flipped = tls.pkcs10();
    flipped[flipped.length - 3] ^= 1; // in the signature: proof of possession fails

    assertThat(
            why(
                () ->
                    consortium.enrol(
                        NORTH,
                        token.secret(),
                        new KeyRequests(flipped, signing.pkcs10(), "0.1.0"))))
        .isEqualTo(Why.BAD_REQUEST);
    assertThat(consortium.enrol(NORTH, token.secret(), requests)).isEqualTo(tls.fingerprint());
  }

  @Test
  void badInput_12_keyOfAnotherSite_isRefused() throws Exception {
    consortium.enrol(NORTH, invite(NORTH).secret(), requests);
    JoinToken token = invite(SOUTH);

    assertThat(why(() -> consortium.enrol(SOUTH, token.secret(), requests)))
        .isEqualTo(Why.BAD_REQUEST);
  }

  @Test
  void approve_wrongWords_isRefused() throws Exception {
    consortium.enrol(NORTH, invite(NORTH).secret(), requests);

    assertThat(why(() -> consortium.approve(NORTH, "bal bal bal bal bal bal")))
        .isEqualTo(Why.FINGERPRINT);
    assertThat(consortium.enrolled(NORTH)).isEmpty();
  }

  @Test
  void badInput_03_revokedSite_isShutOutAndListenersAreTold() throws Exception {
    consortium.enrol(NORTH, invite(NORTH).secret(), requests);
    consortium.approve(NORTH, tls.fingerprint().hex());
    List<SiteId> told = new ArrayList<>();
    consortium.onRevocation(told::add);

    consortium.revoke(NORTH, "stolen");

    assertThat(told).containsExactly(NORTH);
    assertThat(consortium.enrolled(NORTH)).isEmpty();
    assertThat(open().list().getFirst().state()).isEqualTo(Member.State.REVOKED);
  }

  @Test
  void journal_afterInvitation_holdsNoSecret() throws Exception {
    JoinToken token = invite(NORTH);
    List<byte[]> bodies = new ArrayList<>();
    journal.replay("consortium", e -> bodies.add(e.event().body()));

    assertThat(bodies).hasSize(1);
    String body = java.util.HexFormat.of().formatHex(bodies.getFirst());
    assertThat(body).doesNotContain(java.util.HexFormat.of().formatHex(token.secret()));
  }
}
