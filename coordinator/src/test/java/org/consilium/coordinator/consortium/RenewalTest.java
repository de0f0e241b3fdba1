package org.consilium.coordinator.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.issuing.TestAuthority;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RenewalTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");
  private static final Duration LIFE = Duration.ofDays(1);

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private Journal journal;
  private CertificateAuthority authority;
  private TestAuthority people;
  private Consortium consortium;
  private KeyRequest northSigner = KeyRequest.signing(random);
  private Credential north;

  @BeforeEach
  void create() throws Exception {
    authority = CertificateAuthority.create(folder.resolve("ca"), "example.org", () -> now, random);
    journal = new InMemoryJournal(() -> now);
    people = new TestAuthority(authority, LIFE, () -> now, random);
    consortium = open();
    north = join(NORTH);
  }

  private Consortium open() throws Exception {
    return Consortium.open(journal, people.registrar(), () -> now);
  }

  /** A request that north's signing key vouches for. */
  private KeyRequest renewal(SpiffeId id) {
    return endorsed(id, northSigner);
  }

  private KeyRequest endorsed(SpiffeId id, KeyRequest signer) {
    return KeyRequest.renewal(
        id, random, key -> SigningKey.of(signer.key()).sign(KeyRequest.ENDORSEMENT, key));
  }

  private Credential join(SiteId site) throws Exception {
    KeyRequest tls = KeyRequest.tls(random);
    KeyRequest signing = KeyRequest.signing(random);
    JoinToken token = people.invite(site);
    var _ =
        consortium.enrol(
            site,
            token.secret(),
            new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0"),
            TestAuthority.binding(site, token, tls, signing));
    people.admit(site, tls, signing);
    consortium.copy();
    if (site.equals(NORTH)) {
      northSigner = signing;
    }
    var approved =
        (Consortium.Collected.Approved)
            consortium.collect(site, Digest.of(tls.fingerprint().bytes()));
    return tls.with(ChainCheck.parse(approved.tlsChain()));
  }

  private Credential renew(Credential shown) throws Exception {
    KeyRequest fresh = renewal(north.id());
    return fresh.with(ChainCheck.parse(consortium.renew(NORTH, shown.leaf(), fresh.pkcs10())));
  }

  private static Why why(ThrowingCallable call) {
    MembershipRefused refused = catchThrowableOfType(MembershipRefused.class, call);
    assertThat(refused).as("must be refused").isNotNull();
    return refused.why();
  }

  @Test
  void renew_newKey_bothCertificatesHoldUntilTheirOwnEnd() throws Exception {
    now = now.plus(Duration.ofHours(16));

    Credential next = renew(north);

    consortium = open(); // what was issued is in the journal
    assertThat(next.id()).isEqualTo(north.id());
    assertThat(next.expiresAt()).isEqualTo(now.plus(LIFE));
    assertThat(consortium.admission(NORTH, north.leaf())).isEqualTo(Admission.ADMITTED);
    assertThat(consortium.admission(NORTH, next.leaf())).isEqualTo(Admission.ADMITTED);
    now = north.expiresAt();
    assertThat(consortium.admission(NORTH, north.leaf())).isEqualTo(Admission.EXPIRED);
    assertThat(consortium.admission(NORTH, next.leaf())).isEqualTo(Admission.ADMITTED);
  }

  @Test
  void renew_sameRequestAgain_sameCertificate() throws Exception {
    KeyRequest fresh = renewal(north.id());
    List<byte[]> first = consortium.renew(NORTH, north.leaf(), fresh.pkcs10());

    consortium = open();
    List<byte[]> second = consortium.renew(NORTH, north.leaf(), fresh.pkcs10());

    assertThat(second).containsExactlyElementsOf(first);
  }

  @Test
  void badInput_13_renewalWithAnotherNameNoneOrAnOldKey_refused() throws Exception {
    KeyRequest south = renewal(SpiffeId.site("example.org", "south"));
    KeyRequest nameless = KeyRequest.tls(random);
    KeyRequest signer = renewal(SpiffeId.siteSigning("example.org", "north"));
    Credential next = renew(north);
    KeyRequest theirs = renewal(north.id());
    var _ = consortium.renew(NORTH, next.leaf(), theirs.pkcs10());
    join(SOUTH);

    for (KeyRequest wrong : List.of(south, nameless, signer)) {
      assertThat(why(() -> consortium.renew(NORTH, north.leaf(), wrong.pkcs10())))
          .isEqualTo(Why.BAD_REQUEST);
    }
    assertThat(why(() -> consortium.renew(SOUTH, north.leaf(), south.pkcs10())))
        .as("north's certificate is none of south's")
        .isEqualTo(Why.WRONG_STATE);
    Credential third = theirs.with(ChainCheck.parse(renewed(theirs, next)));
    assertThat(why(() -> consortium.renew(NORTH, third.leaf(), theirs.pkcs10())))
        .as("a new key every time")
        .isEqualTo(Why.BAD_REQUEST);
    byte[] flipped = renewal(north.id()).pkcs10();
    flipped[flipped.length - 3] ^= 1;
    assertThat(why(() -> consortium.renew(NORTH, north.leaf(), flipped)))
        .isEqualTo(Why.BAD_REQUEST);
  }

  @Test
  void badInput_13_renewalThatTheSigningKeyDoesNotVouchFor_refused() throws Exception {
    KeyRequest stranger = endorsed(north.id(), KeyRequest.signing(random));

    assertThat(why(() -> consortium.renew(NORTH, north.leaf(), stranger.pkcs10())))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(consortium.renew(NORTH, north.leaf(), renewal(north.id()).pkcs10())).hasSize(3);
  }

  private List<byte[]> renewed(KeyRequest request, Credential shown) throws Exception {
    return consortium.renew(NORTH, shown.leaf(), request.pkcs10());
  }

  @Test
  void badInput_13_renewalAtTheExactExpiryInstant_isTheExpiredPath() throws Exception {
    KeyRequest fresh = renewal(north.id());
    now = north.expiresAt().minusMillis(1);
    assertThat(why(() -> consortium.recover(NORTH, north.leaf(), fresh.pkcs10())))
        .isEqualTo(Why.WRONG_STATE);

    now = north.expiresAt();

    assertThat(why(() -> consortium.renew(NORTH, north.leaf(), fresh.pkcs10())))
        .isEqualTo(Why.WRONG_STATE);
    assertThat(consortium.recover(NORTH, north.leaf(), fresh.pkcs10())).hasSize(3);
  }

  @Test
  void recover_laterThanSevenDays_orRevoked_refused() throws Exception {
    KeyRequest fresh = renewal(north.id());
    now = north.expiresAt().plus(Duration.ofDays(7));
    assertThat(why(() -> consortium.recover(NORTH, north.leaf(), fresh.pkcs10())))
        .isEqualTo(Why.WRONG_STATE);

    now = now.minusMillis(1);
    consortium.revoke(NORTH, "stolen");
    assertThat(why(() -> consortium.recover(NORTH, north.leaf(), fresh.pkcs10())))
        .isEqualTo(Why.WRONG_STATE);
  }

  @Test
  void revoke_afterRenewals_noCertificateIsAdmitted() throws Exception {
    Credential next = renew(north);

    consortium.revoke(NORTH, "stolen");

    for (Credential lost : List.of(north, next)) {
      assertThat(consortium.admission(NORTH, lost.leaf())).isEqualTo(Admission.NOT_A_MEMBER);
      KeyRequest fresh = renewal(north.id());
      assertThat(why(() -> consortium.renew(NORTH, lost.leaf(), fresh.pkcs10())))
          .isEqualTo(Why.WRONG_STATE);
    }
  }

  @Test
  void renew_withoutEnd_stopsAtEightThatHold() throws Exception {
    for (int i = 1; i < IssuedLeaves.OPEN_MAX; i++) {
      renew(north);
    }

    assertThat(why(() -> renew(north))).isEqualTo(Why.WRONG_STATE);
  }
}
