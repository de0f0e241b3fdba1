package org.consilium.security.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.consilium.security.keyfile.KeyFile;

/** A private key with the certificates that vouch for it: leaf, issuing, root. */
public final class Credential {
  private static final double RENEW_SHARE = 2.0 / 3;
  private static final double RENEW_JITTER = 0.1;

  private final PrivateKey privateKey;
  private final List<X509Certificate> chain;
  private final SpiffeId id;

  private Credential(PrivateKey privateKey, List<X509Certificate> chain, SpiffeId id) {
    this.privateKey = privateKey;
    this.chain = chain;
    this.id = id;
  }

  /**
   * Joins key and chain.
   *
   * @throws IllegalArgumentException if the leaf is for another key or carries no legal name
   */
  public static Credential of(PrivateKey privateKey, List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("credential without a certificate");
    }
    if (!matches(privateKey, chain.getFirst())) {
      throw new IllegalArgumentException("credential: the certificate is for another key");
    }
    try {
      return new Credential(privateKey, List.copyOf(chain), SpiffeId.of(chain.getFirst()));
    } catch (CertificateException nameless) {
      throw new IllegalArgumentException("credential: " + nameless.getMessage(), nameless);
    }
  }

  /** Reads {@code <folder>/<name>.pem}; refuses a file that others may read. */
  public static Credential load(Path folder, String name) throws IOException {
    Path file = file(folder, name);
    byte[] text = KeyFile.read(file, Pem.FILE_BYTES_MAX);
    try {
      List<Pem.Block> blocks = Pem.decode(new String(text, StandardCharsets.US_ASCII));
      return of(Pem.privateKey(blocks), Pem.certificates(blocks));
    } catch (IOException | IllegalArgumentException unusable) {
      throw new IOException("read credential %s: %s".formatted(file, unusable.getMessage()));
    }
  }

  /** Writes {@code <folder>/<name>.pem}, mode 0600, atomically in place of an older one. */
  public void save(Path folder, String name) throws IOException {
    String text = Pem.encode(Pem.PRIVATE_KEY, privateKey.getEncoded()) + Pem.encode(chain);
    KeyFile.replace(file(folder, name), text.getBytes(StandardCharsets.US_ASCII));
  }

  /** The private key; ECDSA or Ed25519. */
  public PrivateKey privateKey() {
    return privateKey;
  }

  /** Leaf first, root last. */
  public List<X509Certificate> chain() {
    return chain;
  }

  /** The certificate of the key. */
  public X509Certificate leaf() {
    return chain.getFirst();
  }

  /** The name in the leaf. */
  public SpiffeId id() {
    return id;
  }

  /** The instant from which the leaf is no longer accepted. */
  public Instant expiresAt() {
    return leaf().getNotAfter().toInstant();
  }

  /** Two thirds of the leaf's life: from here on a successor should be asked for. */
  public Instant renewAt() {
    return renewAt(0.5);
  }

  /**
   * Two thirds of the leaf's life, a tenth of it earlier or later, so that many holders do not ask
   * at once. The minutes that a leaf is dated back for slow clocks are no part of its life.
   *
   * @param chance at least 0, below 1: 0 is the earliest instant
   */
  public Instant renewAt(double chance) {
    Instant issued = leaf().getNotBefore().toInstant().plus(CertificateWriter.CLOCK_SKEW);
    long lifeMillis = Duration.between(issued, expiresAt()).toMillis();
    double share = RENEW_SHARE + RENEW_JITTER * (2 * chance - 1);
    return issued.plusMillis(Math.round(share * (double) Math.max(0, lifeMillis)));
  }

  /** Whether a probe signed by the key verifies under the certificate. */
  static boolean matches(PrivateKey key, X509Certificate certificate) {
    byte[] probe = "consilium key probe".getBytes(StandardCharsets.US_ASCII);
    String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "Ed25519";
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(probe);
      byte[] signature = signer.sign();
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(certificate.getPublicKey());
      verifier.update(probe);
      return verifier.verify(signature);
    } catch (GeneralSecurityException otherKind) {
      return false;
    }
  }

  private static Path file(Path folder, String name) {
    return folder.resolve(name + ".pem");
  }

  /** Names the holder and the expiry, never the key. */
  @Override
  public String toString() {
    return "Credential[%s until %s]".formatted(id, expiresAt());
  }
}
