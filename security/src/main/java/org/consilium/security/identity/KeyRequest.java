package org.consilium.security.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.consilium.security.keyfile.KeyFile;

/**
 * A fresh private key and the signed request for a certificate over it (PKCS#10, which proves
 * possession). It can be kept on disk between asking and being answered.
 *
 * @param key never leaves this machine
 * @param pkcs10 DER; copied in and out
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, never compared
public record KeyRequest(PrivateKey key, byte[] pkcs10) {
  /** Under what a site's signing key vouches for a new TLS key. */
  public static final String ENDORSEMENT = "consilium/v1/renewal";

  /** Copies the request. */
  public KeyRequest {
    pkcs10 = pkcs10.clone();
  }

  @Override
  public byte[] pkcs10() {
    return pkcs10.clone();
  }

  /** A new ECDSA P-256 key, for TLS. */
  public static KeyRequest tls(SecureRandom random) {
    return of(ellipticPair(random), "SHA256withECDSA", random);
  }

  /**
   * Compares the names that a request asks for with the one that its sender has.
   *
   * @throws CertificateRefused unless it asks for {@code id} and for nothing else
   */
  public static void checkNames(byte[] pkcs10, SpiffeId id) throws CertificateRefused {
    CheckedRequest.of(pkcs10).checkNames(id);
  }

  /** A new Ed25519 key, for messages. */
  public static KeyRequest signing(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
      generator.initialize(255, random);
      return of(generator.generateKeyPair(), "Ed25519", random);
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has Ed25519", absent);
    }
  }

  /**
   * A new ECDSA P-256 key for a successor of the certificate that names {@code id}. The request
   * carries the word of the site's signing key for it, without which no authority answers.
   *
   * @param endorser signs the new key's SubjectPublicKeyInfo under {@link #ENDORSEMENT}
   */
  public static KeyRequest renewal(
      SpiffeId id, SecureRandom random, UnaryOperator<byte[]> endorser) {
    KeyPair pair = ellipticPair(random);
    byte[] word = endorser.apply(pair.getPublic().getEncoded());
    return of(pair, "SHA256withECDSA", random, Optional.of(new Renewal(id, word)));
  }

  private static KeyPair ellipticPair(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has P-256", absent);
    }
  }

  /** What a request for a successor carries besides its key. */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared
  private record Renewal(SpiffeId id, byte[] endorsement) {}

  /** The signature that {@link #renewal} put into a request, and the key that it is over. */
  public static Optional<Endorsed> endorsement(byte[] pkcs10) throws CertificateRefused {
    return CheckedRequest.of(pkcs10).endorsement();
  }

  /**
   * A key that another key vouches for.
   *
   * @param keyInfo SubjectPublicKeyInfo, DER
   * @param signature not verified
   */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared
  public record Endorsed(byte[] keyInfo, byte[] signature) {}

  /**
   * This TLS key's word for a statement: what proves that the same machine made both.
   *
   * @return ECDSA with SHA-256, DER
   */
  public byte[] vouch(byte[] statement) {
    try {
      Signature signer = Signature.getInstance("SHA256withECDSA");
      signer.initSign(key);
      signer.update(statement);
      return signer.sign();
    } catch (GeneralSecurityException otherKey) {
      throw new IllegalStateException("sign with the TLS key of a request", otherKey);
    }
  }

  /** Whether the key of a TLS request vouched for a statement. */
  public static boolean vouched(byte[] pkcs10, byte[] statement, byte[] signature)
      throws CertificateRefused {
    return CheckedRequest.of(pkcs10).vouched(statement, signature);
  }

  /** What both screens show: SHA-256 of the public key that {@code pkcs10} asks about. */
  public static Fingerprint fingerprint(byte[] pkcs10) throws CertificateRefused {
    return Fingerprint.sha256(CheckedRequest.of(pkcs10).keyInfo());
  }

  /** This request's key fingerprint. */
  public Fingerprint fingerprint() {
    try {
      return fingerprint(pkcs10);
    } catch (CertificateRefused malformed) {
      throw new IllegalStateException("the request was changed in memory", malformed);
    }
  }

  /** Whether the credential has this very key. */
  public boolean isFor(Credential credential) {
    return fingerprint().equals(Fingerprint.of(credential.leaf().getPublicKey()));
  }

  /** Joins the key with the chain that was issued for it; leaf first. */
  public Credential with(List<X509Certificate> chain) {
    return Credential.of(key, chain);
  }

  /** Keeps key and request in {@code <name>.request.pem}, mode 0600. */
  public void save(Path folder, String name) throws IOException {
    String text = Pem.encode(Pem.PRIVATE_KEY, key.getEncoded()) + Pem.encode(Pem.REQUEST, pkcs10);
    KeyFile.replace(file(folder, name), text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Reads what {@link #save} wrote. */
  public static KeyRequest load(Path folder, String name) throws IOException {
    Path file = file(folder, name);
    List<Pem.Block> blocks =
        Pem.decode(new String(KeyFile.read(file, Pem.FILE_BYTES_MAX), StandardCharsets.US_ASCII));
    for (Pem.Block block : blocks) {
      if (block.label().equals(Pem.REQUEST)) {
        return new KeyRequest(Pem.privateKey(blocks), block.der());
      }
    }
    throw new IOException("no certificate request in " + file);
  }

  private static Path file(Path folder, String name) {
    return folder.resolve(name + ".request.pem");
  }

  private static KeyRequest of(KeyPair pair, String algorithm, SecureRandom random) {
    return of(pair, algorithm, random, Optional.empty());
  }

  private static KeyRequest of(
      KeyPair pair, String algorithm, SecureRandom random, Optional<Renewal> renewal) {
    try {
      var signer =
          new JcaContentSignerBuilder(algorithm).setSecureRandom(random).build(pair.getPrivate());
      // The name is decided by the authority, so the request carries a constant one.
      var request =
          new PKCS10CertificationRequestBuilder(
              new X500Name("CN=key request"),
              SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
      if (renewal.isPresent()) {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                new GeneralName(
                    GeneralName.uniformResourceIdentifier, renewal.get().id().toString())));
        var _ =
            request.addAttribute(
                PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
        var _ =
            request.addAttribute(
                CheckedRequest.ENDORSED, new DEROctetString(renewal.get().endorsement()));
      }
      return new KeyRequest(pair.getPrivate(), request.build(signer).getEncoded());
    } catch (OperatorCreationException | IOException unexpected) {
      throw new IllegalStateException("sign a certificate request with " + algorithm, unexpected);
    }
  }

  /** Names the key, never its bits. */
  @Override
  public String toString() {
    return "KeyRequest[" + fingerprint().hex() + "]";
  }
}
