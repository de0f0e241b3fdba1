package org.consilium.coordinator.issuing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.crypto.generators.ECKeyPairGenerator;
import org.bouncycastle.crypto.params.ECKeyGenerationParameters;
import org.bouncycastle.crypto.params.ECNamedDomainParameters;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.consilium.coordinator.authority.AuthorityClient;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The issuing authority behind its real socket, with its sealed key and its journal on disk. */
final class IssuingAuthorityTest {
  private static final String DOMAIN = "example.org";
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");
  private static final InstantSource CLOCK = InstantSource.system();
  private static final byte[] NOTHING = new byte[0];

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private final PersonKey ada = PersonKey.create("ada", "ada@example.org", random);
  private final PersonKey ben = PersonKey.create("ben", "ben@example.org", random);
  private final KeyRequest tls = KeyRequest.tls(random);
  private final KeyRequest signing = KeyRequest.signing(random);
  private CertificateAuthority keys;
  private IssuingAuthority authority;
  private AuthorityClient relay;

  @BeforeEach
  void start() throws Exception {
    Founding founding = new Founding(CLOCK, random);
    keys = founding.found(folder.resolve("ca"), DOMAIN, List.of(ada, ben), Optional.empty());
    founding.admitCoordinator(keys, folder.resolve("coordinator"), "127.0.0.1:0");
    serve();
  }

  @AfterEach
  void stop() {
    relay.close();
    authority.close();
  }

  private AuthorityClient with(Credential credential) throws IOException {
    return AuthorityClient.open(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), authority.port()), credential);
  }

  private Motion motion(PersonKey proposer, Act act, String subject, byte[] detail) {
    return Motion.propose(
        DOMAIN,
        act,
        subject,
        detail,
        proposer,
        new Motion.Terms(CLOCK.instant().plus(Duration.ofDays(1)), random));
  }

  private void add(SiteId site) throws Exception {
    Motion addition = motion(ada, Act.ADD_SITE, site.value(), NOTHING);
    var _ = relay.submit(ada.sign(addition));
    assertThat(relay.submit(ben.sign(addition)).carried()).isTrue();
  }

  private JoinToken token(SiteId site) throws Exception {
    JoinToken token =
        new JoinToken(
            site.value(),
            "localhost",
            8443,
            8444,
            keys.rootFingerprint(),
            JoinToken.newSecret(random),
            CLOCK.instant().plus(Duration.ofHours(2)));
    byte[] detail =
        ByteBuffer.allocate(40)
            .put(token.secretDigest().bytes())
            .putLong(token.expiry().getEpochSecond())
            .array();
    var _ = relay.submit(ada.sign(motion(ada, Act.INVITE_SITE, site.value(), detail)));
    return token;
  }

  private static Why why(ThrowingCallable call) {
    MembershipRefused refused = catchThrowableOfType(MembershipRefused.class, call);
    assertThat(refused).as("must be refused").isNotNull();
    return refused.why();
  }

  private Why enrolled(SiteId site, JoinToken token, byte[] tlsRequest) {
    return why(
        () ->
            relay.enrol(
                site,
                token.secret(),
                new KeyRequests(tlsRequest, signing.pkcs10(), "0.1.0"),
                TestAuthority.binding(site, token, tls, signing)));
  }

  @Test
  void relay_withTwoPersonsSignatures_bringsASiteIn() throws Exception {
    add(NORTH);
    var _ = TestAuthority.enrol(relay, NORTH, token(NORTH), tls, signing);

    var admitted =
        relay.submit(
            ben.sign(motion(ben, Act.ADMIT_KEYS, "north", TestAuthority.keys(tls, signing))));

    assertThat(admitted.carried()).isTrue();
    assertThat(relay.replicate(0).stream().map(e -> e.event().type()).toList())
        .containsExactly("Invited", "Requested", "Approved");
    assertThat(relay.roster().verify(keys.root(), DOMAIN, CLOCK).roster().version()).isEqualTo(2);
  }

  @Test
  void badInput_11_tokenUsedTwiceAtOnce_exactlyOneWins() throws Exception {
    add(NORTH);
    JoinToken token = token(NORTH);
    List<Callable<Boolean>> racers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      KeyRequest own = KeyRequest.tls(random);
      racers.add(
          () -> {
            try {
              var _ = TestAuthority.enrol(relay, NORTH, token, own, signing);
              return true;
            } catch (MembershipRefused refused) {
              assertThat(refused.why()).isEqualTo(Why.TOKEN_SPENT); // ALREADY_EXISTS
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
  void badInput_12_brokenOrWeakRequest_isRefusedWithoutSpendingTheToken() throws Exception {
    add(NORTH);
    JoinToken token = token(NORTH);
    byte[] flipped = tls.pkcs10();
    flipped[flipped.length - 3] ^= 1; // in the signature: proof of possession fails

    assertThat(enrolled(NORTH, token, flipped)).isEqualTo(Why.BAD_REQUEST);
    assertThat(enrolled(NORTH, token, rsa1024())).isEqualTo(Why.BAD_REQUEST);
    assertThat(enrolled(NORTH, token, p192())).isEqualTo(Why.BAD_REQUEST);
    assertThat(TestAuthority.enrol(relay, NORTH, token, tls, signing)).isEqualTo(tls.fingerprint());
  }

  @Test
  void badInput_12_keyOfAnotherSite_isRefused() throws Exception {
    add(NORTH);
    add(SOUTH);
    var _ = TestAuthority.enrol(relay, NORTH, token(NORTH), tls, signing);
    JoinToken token = token(SOUTH);

    assertThat(why(() -> TestAuthority.enrol(relay, SOUTH, token, tls, KeyRequest.signing(random))))
        .isEqualTo(Why.BAD_REQUEST);
  }

  @Test
  void badInput_12_requestForCaAndAnotherName_isIssuedWithoutThem() throws Exception {
    add(NORTH);
    JoinToken token = token(NORTH);
    KeyPair pair = ellipticPair();
    KeyRequest greedy =
        new KeyRequest(pair.getPrivate(), request(pair, "SHA256withECDSA", Optional.of(greed())));
    var _ = TestAuthority.enrol(relay, NORTH, token, greedy, signing);
    var _ =
        relay.submit(
            ben.sign(motion(ben, Act.ADMIT_KEYS, "north", TestAuthority.keys(greedy, signing))));

    X509Certificate leaf = approvedTls();

    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(SpiffeId.of(leaf)).hasToString("spiffe://example.org/site/north/node/1");
    assertThat(leaf.getSubjectAlternativeNames()).hasSize(1);
  }

  private X509Certificate approvedTls() throws IOException {
    var last = relay.replicate(0).getLast().event();
    var approved =
        (org.consilium.coordinator.consortium.MembershipEvent.Approved)
            org.consilium.coordinator.consortium.MembershipEvent.decoded(last);
    try {
      return org.consilium.security.sign.ChainCheck.parse(approved.tlsChain()).getFirst();
    } catch (org.consilium.security.sign.ChainRefused broken) {
      throw new IOException(broken);
    }
  }

  @Test
  void badInput_14_coordinatorWithItsWholeDisk_getsNoSiteCertificate() throws Exception {
    // It has the relay's key, every signature that passed through it, and the token it relays.
    Motion addition = motion(ada, Act.ADD_SITE, "north", NOTHING);
    var _ = relay.submit(ada.sign(addition));
    JoinToken token = token(NORTH);
    PersonKey invented = PersonKey.create("ben", "ben@example.org", random);
    KeyRequest own = KeyRequest.tls(random);
    KeyRequest ownSigning = KeyRequest.signing(random);

    assertThat(why(() -> relay.submit(ada.sign(addition)))).isEqualTo(Why.SAME_PERSON);
    assertThat(why(() -> relay.submit(invented.sign(addition)))).isEqualTo(Why.BAD_SIGNATURE);
    assertThat(why(() -> TestAuthority.enrol(relay, NORTH, token, own, ownSigning)))
        .isEqualTo(Why.NOT_ON_ROSTER);
    // Even once the site is on the roster, its own keys are not what a person compared.
    var _ = relay.submit(ben.sign(addition));
    var _ = TestAuthority.enrol(relay, NORTH, token, own, ownSigning);
    byte[] seenByBen = TestAuthority.keys(tls, signing);
    assertThat(why(() -> relay.submit(ben.sign(motion(ben, Act.ADMIT_KEYS, "north", seenByBen)))))
        .isEqualTo(Why.FINGERPRINT);
    assertThat(
            why(
                () ->
                    relay.submit(
                        invented.sign(
                            motion(
                                invented,
                                Act.ADMIT_KEYS,
                                "north",
                                TestAuthority.keys(own, ownSigning))))))
        .isEqualTo(Why.BAD_SIGNATURE);
    assertThat(why(() -> relay.issueTls(NORTH, own.pkcs10()))).isEqualTo(Why.WRONG_STATE);
    assertThat(catchThrowable(() -> relay.certify(own.pkcs10(), Leaf.SITE_TLS.terms(), "")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(relay.replicate(0).stream().map(e -> e.event().type()).toList())
        .doesNotContain("Approved");
  }

  @Test
  void badInput_5_certificateOfAnotherKind_isNotLetIn() throws Exception {
    for (Leaf leaf : List.of(Leaf.SITE_TLS, Leaf.COORDINATOR_TLS)) {
      SpiffeId id =
          leaf == Leaf.SITE_TLS
              ? SpiffeId.site(DOMAIN, "north")
              : SpiffeId.coordinator(DOMAIN, "main");
      try (AuthorityClient stranger = with(tls.with(keys.issue(tls.pkcs10(), id, leaf)))) {
        assertThat(catchThrowable(stranger::motions)).isInstanceOf(AuthorityUnreachable.class);
      }
    }
  }

  @Test
  void restart_ofTheProcess_keepsRosterMotionsAndTokens() throws Exception {
    add(NORTH);
    JoinToken token = token(NORTH);
    Motion waiting = motion(ada, Act.ADD_SITE, "south", NOTHING);
    var _ = relay.submit(ada.sign(waiting));
    stop();

    serve();

    assertThat(relay.motions()).hasSize(1);
    assertThat(relay.submit(ben.sign(waiting)).carried()).isTrue();
    assertThat(TestAuthority.enrol(relay, NORTH, token, tls, signing)).isEqualTo(tls.fingerprint());
  }

  /** The lock that a serving process holds on its journal, held here instead of by another. */
  @Test
  void start_whileAnotherServesTheFolder_saysThatAndNoUrl() throws Exception {
    stop();
    try (FileChannel journal =
            FileChannel.open(folder.resolve("state/journal.mv.db"), StandardOpenOption.WRITE);
        FileLock held = journal.lock()) {
      assertThat(held.isValid()).isTrue();

      assertThatThrownBy(this::serve)
          .isInstanceOf(IOException.class)
          .hasMessage("another authority serves %s; stop that one first", folder.resolve("ca"))
          .hasMessageNotContaining("jdbc");
    }
    serve();
  }

  private void serve() throws IOException {
    authority =
        IssuingAuthority.start(
            new IssuingAuthority.Settings(
                folder.resolve("ca"),
                folder.resolve("state"),
                Optional.empty(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                Duration.ofDays(1)),
            CLOCK,
            random);
    relay = with(Credential.load(folder.resolve("coordinator"), "relay"));
  }

  private static KeyPair ellipticPair() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(256);
    return generator.generateKeyPair();
  }

  private static byte[] rsa1024() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(1024);
    return request(generator.generateKeyPair(), "SHA256withRSA", Optional.empty());
  }

  /** The JDK makes no P-192 key, so the library's own generator does; the signature is any. */
  private static byte[] p192() throws Exception {
    var generator = new ECKeyPairGenerator();
    var curve = org.bouncycastle.asn1.sec.SECObjectIdentifiers.secp192r1;
    generator.init(
        new ECKeyGenerationParameters(
            new ECNamedDomainParameters(
                curve, org.bouncycastle.asn1.sec.SECNamedCurves.getByOID(curve)),
            new SecureRandom()));
    SubjectPublicKeyInfo info =
        SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(
            generator.generateKeyPair().getPublic());
    ContentSigner signer =
        new JcaContentSignerBuilder("SHA256withECDSA").build(ellipticPair().getPrivate());
    return new PKCS10CertificationRequestBuilder(new X500Name("CN=north"), info)
        .build(signer)
        .getEncoded();
  }

  private static Extensions greed() throws IOException {
    ExtensionsGenerator wanted = new ExtensionsGenerator();
    wanted.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    wanted.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(
            new GeneralName(
                GeneralName.uniformResourceIdentifier, "spiffe://example.org/site/south/node/1")));
    return wanted.generate();
  }

  private static byte[] request(KeyPair pair, String algorithm, Optional<Extensions> wanted)
      throws Exception {
    var builder =
        new PKCS10CertificationRequestBuilder(
            new X500Name("CN=north"),
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
    wanted.ifPresent(
        w -> builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, w));
    return builder
        .build(new JcaContentSignerBuilder(algorithm).build(pair.getPrivate()))
        .getEncoded();
  }
}
