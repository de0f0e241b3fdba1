package org.consilium.security.identity;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.consilium.security.identity.CertificateRefused.Reason;
import org.consilium.security.keyfile.KeyFile;

/**
 * The consortium's certificate authority: a root that can be taken offline and an issuing key that
 * answers requests. A folder holds {@code root.crt}, {@code root.key}, {@code issuing.crt} and
 * {@code issuing.key}; after {@link #create}, {@code root.key} is to be moved to a safe place.
 */
public final class CertificateAuthority {
  private static final int CERTIFICATE_BYTES_MAX = 16 * 1024;
  private static final Duration ROOT_LIFE = Duration.ofDays(3652);
  private static final Duration ISSUING_LIFE = Duration.ofDays(730);
  private static final Duration REVOCATIONS_LIFE = Duration.ofHours(6);
  public static final Duration SITE_LIFE_MIN = Duration.ofMinutes(1);
  public static final Duration SITE_LIFE_MAX = Duration.ofDays(7);

  private final X509Certificate root;
  private final X509Certificate issuing;
  private final String trustDomain;
  private final CertificateWriter writer;
  private final InstantSource clock;

  private CertificateAuthority(
      X509Certificate root,
      X509Certificate issuing,
      String trustDomain,
      CertificateWriter writer,
      InstantSource clock) {
    this.root = root;
    this.issuing = issuing;
    this.trustDomain = trustDomain;
    this.writer = writer;
    this.clock = clock;
  }

  /** Makes a new root and issuing certificate; the issuing key is not sealed. */
  public static CertificateAuthority create(
      Path folder, String trustDomain, InstantSource clock, SecureRandom random)
      throws IOException {
    return create(folder, trustDomain, new char[0], clock, random);
  }

  /**
   * Makes a new root and issuing certificate.
   *
   * @param passphrase the issuing key is never on disk without it; empty: not sealed
   * @throws FileAlreadyExistsException if any of the four files is there
   */
  public static CertificateAuthority create(
      Path folder, String trustDomain, char[] passphrase, InstantSource clock, SecureRandom random)
      throws IOException {
    SpiffeId.checkTrustDomain(trustDomain);
    for (String name : List.of("root.key", "root.crt", "issuing.key", "issuing.crt")) {
      if (Files.exists(folder.resolve(name))) {
        throw new FileAlreadyExistsException(
            folder.resolve(name).toString(), null, "an authority is never overwritten");
      }
    }
    KeyPair rootKeys = keys(random);
    KeyPair issuingKeys = keys(random);
    X500Name rootName = new X500Name("CN=Consilium root, O=" + trustDomain);
    Instant now = clock.instant();
    X509Certificate root =
        new CertificateWriter(rootName, rootKeys.getPublic(), rootKeys.getPrivate(), random)
            .authority(
                rootName, info(rootKeys), new CertificateWriter.Span(now, ROOT_LIFE), trustDomain);
    X509Certificate issuing =
        new CertificateWriter(rootName, rootKeys.getPublic(), rootKeys.getPrivate(), random)
            .authority(
                new X500Name("CN=Consilium issuing, O=" + trustDomain),
                info(issuingKeys),
                new CertificateWriter.Span(now, ISSUING_LIFE),
                trustDomain);
    writeKey(folder, "root.key", rootKeys.getPrivate());
    if (passphrase.length == 0) {
      writeKey(folder, "issuing.key", issuingKeys.getPrivate());
    } else {
      byte[] sealed = SealedKey.seal(issuingKeys.getPrivate(), passphrase, random);
      KeyFile.create(
          folder.resolve("issuing.key"),
          Pem.encode(Pem.SEALED_KEY, sealed).getBytes(StandardCharsets.US_ASCII));
    }
    Files.writeString(folder.resolve("root.crt"), Pem.encode(List.of(root)));
    Files.writeString(folder.resolve("issuing.crt"), Pem.encode(List.of(issuing)));
    return open(folder, passphrase, clock, random);
  }

  /**
   * Opens an authority to issue with: reads root.crt, issuing.crt and issuing.key alone.
   *
   * @throws IOException if a file is missing, a key is readable by others, or they do not belong
   *     together
   */
  public static CertificateAuthority open(Path folder, InstantSource clock, SecureRandom random)
      throws IOException {
    return open(folder, new char[0], clock, random);
  }

  /**
   * The same with an issuing key that was sealed.
   *
   * @param passphrase empty for a key that is not sealed
   */
  public static CertificateAuthority open(
      Path folder, char[] passphrase, InstantSource clock, SecureRandom random) throws IOException {
    X509Certificate root = certificate(folder.resolve("root.crt"));
    X509Certificate issuing = certificate(folder.resolve("issuing.crt"));
    PrivateKey key = issuingKey(folder, passphrase);
    try {
      root.verify(root.getPublicKey());
      issuing.verify(root.getPublicKey());
    } catch (GeneralSecurityException stranger) {
      throw new IOException(
          "open authority %s: issuing.crt is not signed by root.crt".formatted(folder), stranger);
    }
    if (!Credential.matches(key, issuing)) {
      throw new IOException(
          "open authority %s: issuing.key is not the key of issuing.crt".formatted(folder));
    }
    CertificateWriter writer =
        new CertificateWriter(
            X500Name.getInstance(issuing.getSubjectX500Principal().getEncoded()),
            issuing.getPublicKey(),
            key,
            random);
    return new CertificateAuthority(root, issuing, trustDomainOf(root), writer, clock);
  }

  private static PrivateKey issuingKey(Path folder, char[] passphrase) throws IOException {
    Path file = folder.resolve("issuing.key");
    List<Pem.Block> blocks =
        Pem.decode(new String(KeyFile.read(file, Pem.FILE_BYTES_MAX), StandardCharsets.US_ASCII));
    if (blocks.size() == 1 && blocks.getFirst().label().equals(Pem.SEALED_KEY)) {
      if (passphrase.length == 0) {
        throw new IOException("open %s: it is sealed, and no passphrase was given".formatted(file));
      }
      return SealedKey.open(blocks.getFirst().der(), passphrase);
    }
    return Pem.privateKey(blocks);
  }

  /**
   * The trust domain a consortium root is for, from its one URI name.
   *
   * @throws IOException if it carries none
   */
  public static String trustDomainOf(X509Certificate root) throws IOException {
    try {
      List<String> uris = SpiffeId.uris(root);
      if (uris.size() == 1 && uris.getFirst().startsWith("spiffe://")) {
        String trustDomain = uris.getFirst().substring("spiffe://".length());
        SpiffeId.checkTrustDomain(trustDomain);
        return trustDomain;
      }
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      throw new IOException("the root certificate's trust domain is malformed", malformed);
    }
    throw new IOException("the root certificate names no trust domain");
  }

  /** The self-signed root. */
  public X509Certificate root() {
    return root;
  }

  /** SHA-256 of the root certificate: what sites pin. */
  public Fingerprint rootFingerprint() {
    return Fingerprint.of(root);
  }

  /** The trust domain every issued name is in. */
  public String trustDomain() {
    return trustDomain;
  }

  /** Issues by the profile's own terms. */
  public List<X509Certificate> issue(byte[] pkcs10, SpiffeId id, Leaf leaf)
      throws CertificateRefused {
    return issue(pkcs10, id, leaf.terms());
  }

  /**
   * Issues a certificate for the request's key and the given name, valid from 5 minutes ago. The
   * request's subject, names and extensions are never copied.
   *
   * @return leaf, issuing, root
   */
  public List<X509Certificate> issue(byte[] pkcs10, SpiffeId id, Leaf.Terms terms)
      throws CertificateRefused {
    Leaf leaf = terms.leaf();
    SubjectPublicKeyInfo key = CheckedRequest.of(pkcs10).provenKey(leaf);
    if (!id.trustDomain().equals(trustDomain) || id.kind() != leaf.kind()) {
      throw new CertificateRefused(
          Reason.IDENTITY,
          "%s issues for %s in %s, not %s".formatted(leaf, leaf.kind(), trustDomain, id));
    }
    check(terms);
    Instant now = clock.instant();
    Instant end = now.plus(terms.validity());
    Instant issuerEnd = issuing.getNotAfter().toInstant();
    if (!now.isBefore(issuerEnd)) {
      throw new CertificateRefused(
          Reason.ISSUER_EXPIRED, "the issuing certificate ended " + issuerEnd);
    }
    Duration life = Duration.between(now, end.isAfter(issuerEnd) ? issuerEnd : end);
    X509Certificate certificate =
        writer.leaf(key, id, terms, new CertificateWriter.Span(now, life));
    return List.of(certificate, issuing, root);
  }

  /**
   * A revoked certificate.
   *
   * @param serial its number
   * @param since when it was revoked
   */
  public record Revoked(BigInteger serial, Instant since) {}

  /**
   * A signed list of the certificates that are revoked, which counts for six hours.
   *
   * @param number greater than that of every list before
   * @return DER
   */
  public byte[] revocationList(List<Revoked> revoked, BigInteger number) {
    return writer.revocations(
        revoked, number, new CertificateWriter.Span(clock.instant(), REVOCATIONS_LIFE));
  }

  /** The certificate whose key signs leaves and lists. */
  public X509Certificate issuing() {
    return issuing;
  }

  private static void check(Leaf.Terms terms) throws CertificateRefused {
    Leaf leaf = terms.leaf();
    Duration longest = leaf == Leaf.SITE_TLS ? SITE_LIFE_MAX : leaf.validity();
    if (terms.validity().compareTo(SITE_LIFE_MIN) < 0 || terms.validity().compareTo(longest) > 0) {
      throw new CertificateRefused(
          Reason.TERMS,
          "%s for %s, allowed are %s to %s"
              .formatted(leaf, terms.validity(), SITE_LIFE_MIN, longest));
    }
    if (leaf != Leaf.COORDINATOR_TLS && !terms.hosts().isEmpty()) {
      throw new CertificateRefused(Reason.TERMS, leaf + " has no host names");
    }
    if ((leaf == Leaf.AGGREGATION) != terms.sealingKey().isPresent()) {
      throw new CertificateRefused(
          Reason.TERMS, "a sealing key digest belongs to AGGREGATION and to it alone");
    }
    for (String host : terms.hosts()) {
      if (!CertificateWriter.isHost(host)) {
        throw new CertificateRefused(Reason.TERMS, "a host is neither DNS name nor address");
      }
    }
  }

  private static KeyPair keys(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp384r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has P-384", absent);
    }
  }

  private static SubjectPublicKeyInfo info(KeyPair keys) {
    return SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
  }

  private static void writeKey(Path folder, String name, PrivateKey key) throws IOException {
    KeyFile.create(
        folder.resolve(name),
        Pem.encode(Pem.PRIVATE_KEY, key.getEncoded()).getBytes(StandardCharsets.US_ASCII));
  }

  private static X509Certificate certificate(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      byte[] text = in.readNBytes(CERTIFICATE_BYTES_MAX);
      List<X509Certificate> found =
          Pem.certificates(Pem.decode(new String(text, StandardCharsets.US_ASCII)));
      if (found.size() != 1) {
        throw new IOException("%d certificates in %s, not 1".formatted(found.size(), file));
      }
      return found.getFirst();
    }
  }
}
