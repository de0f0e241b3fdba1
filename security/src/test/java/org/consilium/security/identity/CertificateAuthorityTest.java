package org.consilium.security.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.consilium.security.identity.CertificateRefused.Reason;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.sign.VerifyingKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CertificateAuthorityTest {
  private static final SpiffeId SITE = SpiffeId.site(TestAuthority.DOMAIN, "st-mary");

  @TempDir private Path folder;
  private Path ca = Path.of("unset");

  @BeforeEach
  void create() throws Exception {
    ca = folder.resolve("ca");
    var _ = new TestAuthority(ca, Duration.ZERO);
  }

  @Test
  void create_files_keysPrivateAndNeverOverwritten() throws Exception {
    for (String name : List.of("root.key", "issuing.key")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(ca.resolve(name))))
          .isEqualTo("rw-------");
    }
    assertThat(open().root().getBasicConstraints()).isEqualTo(1);
    assertThat(open().trustDomain()).isEqualTo(TestAuthority.DOMAIN);
    assertThatThrownBy(() -> new TestAuthority(ca, Duration.ZERO))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void open_rootKeyMovedAway_stillIssues() throws Exception {
    Files.delete(ca.resolve("root.key"));

    List<X509Certificate> chain =
        open().issue(KeyRequest.tls(TestAuthority.RANDOM).pkcs10(), SITE, Leaf.SITE_TLS);

    assertThat(chain).hasSize(3);
    assertThat(SpiffeId.of(chain.getFirst())).isEqualTo(SITE);
    assertThat(Fingerprint.of(chain.get(2))).isEqualTo(open().rootFingerprint());
  }

  @Test
  void open_keyReadableByOthersOrOfAnother_refused() throws Exception {
    var _ = new TestAuthority(folder.resolve("other"), Duration.ZERO);
    Path key = ca.resolve("issuing.key");
    byte[] kept = Files.readAllBytes(key);
    Files.write(key, Files.readAllBytes(folder.resolve("other/issuing.key")));
    assertThatThrownBy(this::open).hasMessageContaining("is not the key of");
    Files.write(key, kept);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(this::open).hasMessageContaining("rw-r-----");
  }

  @Test
  void badInput_12_brokenProofOfPossession_refused() throws Exception {
    byte[] request = KeyRequest.tls(TestAuthority.RANDOM).pkcs10();
    request[request.length - 3] ^= 1; // inside the signature
    refuses(request, Leaf.SITE_TLS, Reason.PROOF_OF_POSSESSION);

    KeyPair mine = pair("EC", "secp256r1");
    KeyPair others = pair("EC", "secp256r1");
    byte[] borrowed = request(others, mine, "SHA256withECDSA");
    refuses(borrowed, Leaf.SITE_TLS, Reason.PROOF_OF_POSSESSION);
    refuses(request(mine, mine, "SHA1withECDSA"), Leaf.SITE_TLS, Reason.PROOF_OF_POSSESSION);
  }

  @Test
  void badInput_12_weakOrForeignKeys_refused() throws Exception {
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(1024);
    KeyPair small = rsa.generateKeyPair();
    refuses(request(small, small, "SHA256withRSA"), Leaf.SITE_TLS, Reason.KEY_TYPE);
    refuses(request(small, small, "SHA256withRSA"), Leaf.SITE_SIGNING, Reason.KEY_TYPE);
    KeyPair p521 = pair("EC", "secp521r1");
    refuses(request(p521, p521, "SHA512withECDSA"), Leaf.SITE_TLS, Reason.CURVE);
    refuses(KeyRequest.tls(TestAuthority.RANDOM).pkcs10(), Leaf.SITE_SIGNING, Reason.KEY_TYPE);
    refuses(KeyRequest.signing(TestAuthority.RANDOM).pkcs10(), Leaf.SITE_TLS, Reason.KEY_TYPE);
    SubjectPublicKeyInfo p192 =
        new SubjectPublicKeyInfo(
            new AlgorithmIdentifier(
                X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp192r1),
            new byte[49]);
    refuses(request(p192, p521, "SHA512withECDSA"), Leaf.SITE_TLS, Reason.CURVE);
    SubjectPublicKeyInfo offCurve =
        new SubjectPublicKeyInfo(
            new AlgorithmIdentifier(
                X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1),
            filled(65, 4));
    refuses(request(offCurve, p521, "SHA512withECDSA"), Leaf.SITE_TLS, Reason.MALFORMED);
  }

  @Test
  void issue_garbageOrOversize_refused() {
    refuses(new byte[0], Leaf.SITE_TLS, Reason.MALFORMED);
    refuses(filled(1000, 0x30), Leaf.SITE_TLS, Reason.MALFORMED);
    refuses(new byte[16 * 1024 + 1], Leaf.SITE_TLS, Reason.TOO_LARGE);
    byte[] request = KeyRequest.tls(TestAuthority.RANDOM).pkcs10();
    for (int length = 1; length < request.length; length += 17) {
      refuses(Arrays.copyOf(request, length), Leaf.SITE_TLS, Reason.MALFORMED);
    }
  }

  @Test
  void badInput_12_requestedAuthorityAndNames_neverIssued() throws Exception {
    KeyPair keys = pair("EC", "secp256r1");
    ExtensionsGenerator wanted = new ExtensionsGenerator();
    wanted.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    wanted.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(
            new GeneralName(
                GeneralName.uniformResourceIdentifier,
                "spiffe://consilium.test/site/st-anna/node/1")));
    byte[] request =
        new PKCS10CertificationRequestBuilder(
                new X500Name("CN=st-anna"),
                SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()))
            .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wanted.generate())
            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
            .getEncoded();

    X509Certificate issued = open().issue(request, SITE, Leaf.SITE_TLS).getFirst();

    assertThat(issued.getBasicConstraints()).isEqualTo(-1);
    assertThat(SpiffeId.of(issued)).isEqualTo(SITE);
    assertThat(issued.getSubjectX500Principal().getName()).doesNotContain("anna");
  }

  @Test
  void issue_wrongDomainKindOrTerms_refused() throws Exception {
    byte[] request = KeyRequest.tls(TestAuthority.RANDOM).pkcs10();
    assertReason(
        () -> open().issue(request, SpiffeId.site("other.test", "a"), Leaf.SITE_TLS),
        Reason.IDENTITY);
    assertReason(() -> open().issue(request, SITE, Leaf.COORDINATOR_TLS), Reason.IDENTITY);
    assertReason(
        () -> open().issue(request, SITE, Leaf.SITE_TLS.terms().withValidity(Duration.ofDays(8))),
        Reason.TERMS);
    assertReason(
        () -> open().issue(request, SITE, Leaf.SITE_TLS.terms().withHosts(List.of("a.test"))),
        Reason.TERMS);
    assertReason(
        () ->
            CertificateAuthority.open(
                    ca,
                    InstantSource.fixed(Instant.now().plus(Duration.ofDays(731))),
                    TestAuthority.RANDOM)
                .issue(request, SITE, Leaf.SITE_TLS),
        Reason.ISSUER_EXPIRED);
  }

  @Test
  void chainCheck_signingChains_acceptedForTheirKindAndTimeOnly() throws Exception {
    KeyRequest request = KeyRequest.signing(TestAuthority.RANDOM);
    SpiffeId id = SpiffeId.siteSigning(TestAuthority.DOMAIN, "st-mary");
    Credential signing = request.with(open().issue(request.pkcs10(), id, Leaf.SITE_SIGNING));
    ChainCheck now = check(Duration.ZERO);

    assertThat(now.verify(signing.chain(), SpiffeId.Kind.SITE_SIGNING)).isEqualTo(id);
    assertThat(SigningKey.of(signing).verifyingKey()).isEqualTo(VerifyingKey.of(signing.leaf()));
    assertThat(VerifyingKey.of(signing.leaf()).digest())
        .isEqualTo(Fingerprint.of(signing.leaf().getPublicKey()))
        .isEqualTo(request.fingerprint());
    assertThatThrownBy(() -> now.verify(signing.chain(), SpiffeId.Kind.COORDINATOR_SIGNING))
        .isInstanceOf(ChainRefused.class);
    assertThatThrownBy(
            () -> check(Duration.ofDays(91)).verify(signing.chain(), SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
    assertThatThrownBy(() -> now.verify(signing.chain().subList(2, 3), SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
    TestAuthority other = new TestAuthority(folder.resolve("other"), Duration.ZERO);
    Credential stranger = other.signing(id, Leaf.SITE_SIGNING.terms());
    assertThatThrownBy(() -> now.verify(stranger.chain(), SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
  }

  @Test
  void aggregationChain_carriesTheSealingKeyDigest() throws Exception {
    KeyRequest request = KeyRequest.signing(TestAuthority.RANDOM);
    SpiffeId id = SpiffeId.aggregator(TestAuthority.DOMAIN, "chest");
    Fingerprint sealing = Fingerprint.sha256(new byte[] {1});

    List<X509Certificate> chain =
        open().issue(request.pkcs10(), id, Leaf.AGGREGATION.terms().withSealingKey(sealing));

    assertThat(check(Duration.ZERO).verify(chain, SpiffeId.Kind.AGGREGATOR)).isEqualTo(id);
    assertThat(Leaf.sealingKey(chain.getFirst())).contains(sealing);
    assertThat(Leaf.sealingKey(chain.get(1))).isEmpty();
    // A study may go on for more than a year.
    assertThat(check(Duration.ofDays(500)).verify(chain, SpiffeId.Kind.AGGREGATOR)).isEqualTo(id);
    assertReason(() -> open().issue(request.pkcs10(), id, Leaf.AGGREGATION), Reason.TERMS);
  }

  @Test
  void credential_savedAndLoaded_sameAndPrivate() throws Exception {
    KeyRequest request = KeyRequest.tls(TestAuthority.RANDOM);
    request.save(folder, "tls");
    Credential issued =
        KeyRequest.load(folder, "tls").with(open().issue(request.pkcs10(), SITE, Leaf.SITE_TLS));

    issued.save(folder, "tls");

    Credential loaded = Credential.load(folder, "tls");
    assertThat(loaded.chain()).isEqualTo(issued.chain());
    assertThat(loaded.privateKey()).isEqualTo(issued.privateKey());
    assertThat(loaded.renewAt()).isBefore(loaded.expiresAt().minus(Duration.ofHours(7)));
    Files.setPosixFilePermissions(
        folder.resolve("tls.pem"), PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> Credential.load(folder, "tls")).hasMessageContaining("rw-r--r--");
    assertThatThrownBy(
            () -> Credential.of(KeyRequest.tls(TestAuthority.RANDOM).key(), issued.chain()))
        .hasMessageContaining("another key");
  }

  private CertificateAuthority open() throws IOException {
    return CertificateAuthority.open(ca, InstantSource.system(), TestAuthority.RANDOM);
  }

  private ChainCheck check(Duration later) throws IOException {
    return new ChainCheck(
        open().root(), TestAuthority.DOMAIN, InstantSource.fixed(Instant.now().plus(later)));
  }

  private void refuses(byte[] request, Leaf leaf, Reason reason) {
    assertReason(() -> open().issue(request, SITE, leaf), reason);
  }

  private static void assertReason(ThrowingCallable call, Reason reason) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            CertificateRefused.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static KeyPair pair(String algorithm, String curve) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(new ECGenParameterSpec(curve));
    return generator.generateKeyPair();
  }

  private static byte[] request(KeyPair asked, KeyPair signer, String algorithm) throws Exception {
    return request(
        SubjectPublicKeyInfo.getInstance(asked.getPublic().getEncoded()), signer, algorithm);
  }

  private static byte[] request(SubjectPublicKeyInfo asked, KeyPair signer, String algorithm)
      throws Exception {
    return new PKCS10CertificationRequestBuilder(new X500Name("CN=x"), asked)
        .build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate()))
        .getEncoded();
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
