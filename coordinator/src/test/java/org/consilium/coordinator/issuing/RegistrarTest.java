package org.consilium.coordinator.issuing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.Role;
import org.consilium.security.roster.Roster;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the authority decides, on its real journal and keys, without a network. */
final class RegistrarTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");
  private static final byte[] NOTHING = new byte[0];

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private final KeyRequest tls = KeyRequest.tls(random);
  private final KeyRequest signing = KeyRequest.signing(random);

  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private CertificateAuthority certificates;
  private TestAuthority people;

  @BeforeEach
  void found() throws Exception {
    certificates =
        CertificateAuthority.create(folder.resolve("ca"), "example.org", () -> now, random);
    people = new TestAuthority(certificates, Duration.ofDays(1), () -> now, random);
  }

  private static Why why(ThrowingCallable call) {
    MembershipRefused refused = catchThrowableOfType(MembershipRefused.class, call);
    assertThat(refused).as("must be refused").isNotNull();
    return refused.why();
  }

  private Roster roster() throws Exception {
    return people
        .registrar()
        .roster()
        .verify(certificates.root(), "example.org", () -> now)
        .roster();
  }

  private void enrolNorth() throws Exception {
    var _ = TestAuthority.enrol(people.registrar(), NORTH, people.invite(NORTH), tls, signing);
  }

  @Test
  void addSite_twoPersons_makesTheNextRosterVersionAndSurvivesARestart() throws Exception {
    MotionStanding first = people.propose(people.ada, Act.ADD_SITE, "north", NOTHING);
    assertThat(first.carried()).isFalse();
    assertThat(roster().has("north")).isFalse();

    MotionStanding second = people.registrar().submit(people.ben.sign(first.motion()));

    assertThat(second.signers()).containsExactly("ada", "ben");
    assertThat(second.carried()).isTrue();
    people.restarted();
    assertThat(roster().version()).isEqualTo(2);
    assertThat(roster().has("north")).isTrue();
  }

  @Test
  void badInput_14_proposerApprovesOwnMotion_isRefused() throws Exception {
    Motion motion = people.propose(people.ada, Act.ADD_SITE, "north", NOTHING).motion();

    assertThat(why(() -> people.registrar().submit(people.ada.sign(motion))))
        .isEqualTo(Why.SAME_PERSON);
    people.restarted();
    assertThat(why(() -> people.registrar().submit(people.ada.sign(motion))))
        .isEqualTo(Why.SAME_PERSON);
    assertThat(roster().has("north")).isFalse();
  }

  @Test
  void badInput_14_onePersonWithASecondKey_isRefused() throws Exception {
    Motion motion = people.propose(people.ada, Act.ADD_SITE, "north", NOTHING).motion();
    PersonKey secondKey = PersonKey.create("ada", "ada@example.org", random);
    PersonKey asBen = PersonKey.create("ben", "ben@example.org", random);
    PersonKey stranger = PersonKey.create("mallory", "mallory@example.org", random);

    assertThat(why(() -> people.registrar().submit(secondKey.sign(motion))))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(why(() -> people.registrar().submit(asBen.sign(motion))))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(why(() -> people.registrar().submit(stranger.sign(motion))))
        .isEqualTo(Why.NOT_ALLOWED);
  }

  @Test
  void badInput_14_onePersonWithTwoAccounts_isRefused() throws Exception {
    List<Role> roles = List.of(new Role(Role.Kind.CONSORTIUM_ADMIN, ""));
    PersonKey sameContact = PersonKey.create("ada2", "ADA@example.org", random);
    var sameKey =
        new org.consilium.security.roster.Person(
            "ada3", "ada3@example.org", people.ada.verifyingKey(), roles);

    for (var person : List.of(sameContact.as(roles), sameKey)) {
      byte[] line = person.line().getBytes(StandardCharsets.US_ASCII);
      assertThat(why(() -> people.propose(people.ada, Act.ADD_PERSON, person.name(), line)))
          .isEqualTo(Why.WRONG_STATE);
    }
  }

  @Test
  void badInput_14_inviterApprovesTheKeys_isRefused() throws Exception {
    enrolNorth(); // ada gave out the token

    assertThat(
            why(
                () ->
                    people.propose(
                        people.ada, Act.ADMIT_KEYS, "north", TestAuthority.keys(tls, signing))))
        .isEqualTo(Why.SAME_PERSON);
  }

  @Test
  void badInput_14_personWithoutTheRole_isRefused() throws Exception {
    PersonKey cleo = PersonKey.create("cleo", "cleo@example.org", random);
    byte[] line =
        cleo.as(List.of(Role.parse("auditor"), Role.parse("site-admin(north)")))
            .line()
            .getBytes(StandardCharsets.US_ASCII);
    people.both(Act.ADD_PERSON, "cleo", line);

    Motion motion = people.propose(people.ada, Act.ADD_SITE, "north", NOTHING).motion();

    assertThat(why(() -> people.registrar().submit(cleo.sign(motion)))).isEqualTo(Why.NOT_ALLOWED);
  }

  @Test
  void submit_signerLeavesBetweenTheSignatures_theFirstNoLongerCounts() throws Exception {
    PersonKey cleo = PersonKey.create("cleo", "cleo@example.org", random);
    byte[] line =
        cleo.as(List.of(Role.parse("consortium-admin"))).line().getBytes(StandardCharsets.US_ASCII);
    people.both(Act.ADD_PERSON, "cleo", line);
    Motion motion = people.propose(cleo, Act.ADD_SITE, "north", NOTHING).motion();
    people.both(Act.REMOVE_PERSON, "cleo", NOTHING);

    assertThat(why(() -> people.registrar().submit(people.ben.sign(motion))))
        .isEqualTo(Why.NOT_ALLOWED);
    assertThat(roster().has("north")).isFalse();
  }

  @Test
  void badInput_15_motionOfAnotherConsortiumOrOver_isRefused() throws Exception {
    Motion foreign =
        Motion.propose("elsewhere.org", Act.ADD_SITE, "north", NOTHING, people.ada, people.terms());
    Motion late = people.propose(people.ada, Act.ADD_SITE, "south", NOTHING).motion();
    now = now.plus(Duration.ofDays(7));

    assertThat(why(() -> people.registrar().submit(people.ada.sign(foreign)))).isEqualTo(Why.STALE);
    assertThat(why(() -> people.registrar().submit(people.ben.sign(late)))).isEqualTo(Why.STALE);
    assertThat(people.registrar().motions()).isEmpty();
  }

  @Test
  void enrol_beforeTheSecondPersonApproved_isRefusedAndKeepsTheToken() throws Exception {
    Motion addition = people.propose(people.ada, Act.ADD_SITE, "north", NOTHING).motion();
    JoinToken token = people.token(NORTH, Duration.ofHours(72));

    assertThat(why(() -> TestAuthority.enrol(people.registrar(), NORTH, token, tls, signing)))
        .isEqualTo(Why.NOT_ON_ROSTER);
    var _ = people.registrar().submit(people.ben.sign(addition));
    assertThat(TestAuthority.enrol(people.registrar(), NORTH, token, tls, signing))
        .isEqualTo(tls.fingerprint());
  }

  @Test
  void badInput_11_tokenReusedExpiredOrOfAnotherSite_isRefused() throws Exception {
    people.both(Act.ADD_SITE, "south", NOTHING);
    JoinToken token = people.invite(NORTH);
    Registrar registrar = people.registrar();

    assertThat(why(() -> TestAuthority.enrol(registrar, SOUTH, token, tls, signing)))
        .isEqualTo(Why.TOKEN_UNKNOWN);
    now = now.plus(Duration.ofHours(72)); // the very instant counts as over
    assertThat(why(() -> TestAuthority.enrol(registrar, NORTH, token, tls, signing)))
        .isEqualTo(Why.TOKEN_EXPIRED);
    JoinToken second = people.invite(NORTH);
    assertThat(why(() -> TestAuthority.enrol(registrar, NORTH, token, tls, signing)))
        .isEqualTo(Why.TOKEN_EXPIRED);
    var _ = TestAuthority.enrol(registrar, NORTH, second, tls, signing);
    assertThat(why(() -> TestAuthority.enrol(registrar, NORTH, second, tls, signing)))
        .isEqualTo(Why.TOKEN_SPENT);
  }

  @Test
  void badInput_11_tokenLifeOutsideOneToSeventyTwoHours_isRefused() throws Exception {
    people.both(Act.ADD_SITE, "north", NOTHING);

    assertThat(why(() -> people.token(NORTH, Duration.ofMinutes(30)))).isEqualTo(Why.BAD_REQUEST);
    assertThat(why(() -> people.token(NORTH, Duration.ofHours(74)))).isEqualTo(Why.BAD_REQUEST);
  }

  @Test
  void badInput_11_bruteForce_isLimitedAndTheRightTokenStillWorks() throws Exception {
    JoinToken token = people.invite(NORTH);
    List<Why> answers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      byte[] guess = new byte[JoinToken.SECRET_BYTES];
      random.nextBytes(guess);
      answers.add(
          why(
              () ->
                  people
                      .registrar()
                      .enrol(
                          NORTH,
                          guess,
                          new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0"),
                          NOTHING)));
    }

    assertThat(answers.subList(0, 10)).containsOnly(Why.TOKEN_UNKNOWN);
    assertThat(answers.subList(10, 12)).containsOnly(Why.TOO_MANY);
    assertThat(TestAuthority.enrol(people.registrar(), NORTH, token, tls, signing))
        .isEqualTo(tls.fingerprint());
  }

  @Test
  void journal_afterInvitation_holdsNoSecret() throws Exception {
    JoinToken token = people.invite(NORTH);
    List<String> bodies = new ArrayList<>();
    for (String stream : List.of("consortium", "motions", "roster")) {
      people.journal.replay(stream, e -> bodies.add(HexFormat.of().formatHex(e.event().body())));
    }

    assertThat(bodies).hasSizeGreaterThan(5);
    assertThat(String.join("\n", bodies)).doesNotContain(HexFormat.of().formatHex(token.secret()));
  }

  @Test
  void badInput_12_signingKeyExchangedByTheRelay_isRefused() throws Exception {
    JoinToken token = people.invite(NORTH);
    KeyRequest relays = KeyRequest.signing(random);
    byte[] honest = TestAuthority.binding(NORTH, token, tls, signing);

    assertThat(
            why(
                () ->
                    people
                        .registrar()
                        .enrol(
                            NORTH,
                            token.secret(),
                            new KeyRequests(tls.pkcs10(), relays.pkcs10(), "0.1.0"),
                            honest)))
        .isEqualTo(Why.BAD_REQUEST);
  }

  @Test
  void badInput_12_approvalOfOtherKeys_issuesNothing() throws Exception {
    enrolNorth();
    KeyRequest other = KeyRequest.signing(random);

    assertThat(
            why(
                () ->
                    people.propose(
                        people.ben, Act.ADMIT_KEYS, "north", TestAuthority.keys(tls, other))))
        .isEqualTo(Why.FINGERPRINT);
  }

  @Test
  void badInput_03_revokedSite_comesBackOnlyByTwoPersons() throws Exception {
    enrolNorth();
    people.admit(NORTH, tls, signing);
    people.registrar().shutOut(NORTH, "stolen");

    assertThat(why(() -> people.token(NORTH, Duration.ofHours(72)))).isEqualTo(Why.WRONG_STATE);
    people.both(Act.READMIT_SITE, "north", NOTHING);
    people.restarted();
    JoinToken token = people.token(NORTH, Duration.ofHours(72));
    assertThat(
            TestAuthority.enrol(
                people.registrar(),
                NORTH,
                token,
                KeyRequest.tls(random),
                KeyRequest.signing(random)))
        .isNotNull();
  }

  @Test
  void removeSite_twoPersons_endsItsMembership() throws Exception {
    enrolNorth();
    people.admit(NORTH, tls, signing);

    people.both(Act.REMOVE_SITE, "north", NOTHING);

    assertThat(roster().has("north")).isFalse();
    assertThat(why(() -> people.registrar().issueTls(NORTH, KeyRequest.tls(random).pkcs10())))
        .isEqualTo(Why.WRONG_STATE);
  }

  @Test
  void issueTls_keyThatTheSigningKeyVouchesFor_isIssuedAndNoOther() throws Exception {
    enrolNorth();
    people.admit(NORTH, tls, signing);
    SigningKey own = SigningKey.of(signing.key());
    SigningKey relays = SigningKey.of(KeyRequest.signing(random).key());
    SpiffeId name = SpiffeId.site("example.org", NORTH.value());
    KeyRequest renewal =
        KeyRequest.renewal(name, random, key -> own.sign(KeyRequest.ENDORSEMENT, key));
    KeyRequest forged =
        KeyRequest.renewal(name, random, key -> relays.sign(KeyRequest.ENDORSEMENT, key));

    var chain = people.registrar().issueTls(NORTH, renewal.pkcs10());

    assertThat(renewal.with(chain).id()).isEqualTo(name);
    assertThat(people.registrar().issueTls(NORTH, renewal.pkcs10()))
        .as("the same request again")
        .isEqualTo(chain);
    assertThat(why(() -> people.registrar().issueTls(NORTH, forged.pkcs10())))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(why(() -> people.registrar().issueTls(NORTH, KeyRequest.tls(random).pkcs10())))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(ChainCheck.parse(ChainCheck.der(chain))).hasSize(3);
  }
}
