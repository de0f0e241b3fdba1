package org.consilium.security.sign;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.recent.Recent;
import org.consilium.security.recent.Recent.Question;

/**
 * An Ed25519 public key: canonical, of full order. Safe for use by many threads.
 *
 * <p>That a point has full order costs as much as a signature, and the same few keys come with
 * every message: the last good ones are remembered. So are the last good signatures, because a
 * message whose answer was lost comes again.
 */
public final class VerifyingKey {
  private static final int REMEMBERED_MAX = 2048;
  private static final Recent<VerifyingKey> KEYS = new Recent<>(REMEMBERED_MAX, _ -> {});
  private static final Recent<Boolean> GOOD = new Recent<>(REMEMBERED_MAX, _ -> {});

  private final byte[] key;
  private final Ed25519.PublicPoint point;

  private VerifyingKey(byte[] key, Ed25519.PublicPoint point) {
    this.key = key;
    this.point = point;
  }

  /**
   * From the 32 bytes of RFC 8032.
   *
   * @throws IllegalArgumentException if they are not a canonical point of full order
   */
  public static VerifyingKey of(byte[] raw) {
    if (raw.length != Ed25519.PUBLIC_KEY_SIZE) {
      throw new IllegalArgumentException("verifying key: %d bytes, not 32".formatted(raw.length));
    }
    byte[] own = raw.clone();
    Question asked = Question.of(own);
    Optional<VerifyingKey> known = KEYS.find(asked);
    if (known.isPresent()) {
      return known.get();
    }
    Ed25519.PublicPoint point = Ed25519.validatePublicKeyFullExport(own, 0);
    if (point == null) {
      throw new IllegalArgumentException("verifying key: not a canonical point of full order");
    }
    VerifyingKey key = new VerifyingKey(own, point);
    KEYS.put(asked, key);
    return key;
  }

  /** The key of a certificate; refuses every algorithm but Ed25519. */
  public static VerifyingKey of(X509Certificate certificate) {
    SubjectPublicKeyInfo info =
        SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded());
    AlgorithmIdentifier algorithm = info.getAlgorithm();
    if (!algorithm.getAlgorithm().equals(EdECObjectIdentifiers.id_Ed25519)
        || algorithm.getParameters() != null) {
      throw new IllegalArgumentException(
          "verifying key: Ed25519 is required, not " + certificate.getPublicKey().getAlgorithm());
    }
    return of(info.getPublicKeyData().getOctets());
  }

  /**
   * Whether {@code signature} is {@link SigningKey#sign}'s over the same label and body. False for
   * every malformed or non-canonical signature (S not below the group order, R not canonical).
   */
  public boolean verify(String label, byte[] body, byte[] signature) {
    byte[] message = Labelled.message(label, body);
    return verifyMessage(message, signature);
  }

  /** Plain Ed25519 over the whole message. */
  boolean verifyMessage(byte[] message, byte[] signature) {
    if (signature.length != Ed25519.SIGNATURE_SIZE) {
      return false;
    }
    Question asked = Question.of(key, message, signature);
    if (GOOD.find(asked).isPresent()) {
      return true;
    }
    boolean good = Ed25519.verify(signature, 0, point, message, 0, message.length);
    if (good) {
      GOOD.put(asked, true);
    }
    return good;
  }

  /** SHA-256 of the key's SubjectPublicKeyInfo; the same as {@code Fingerprint.of(PublicKey)}. */
  public Fingerprint digest() {
    try {
      return Fingerprint.sha256(
          new SubjectPublicKeyInfo(new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519), key)
              .getEncoded());
    } catch (IOException impossible) {
      throw new IllegalStateException("encode a public key", impossible);
    }
  }

  /** 32 bytes, a copy. */
  public byte[] raw() {
    return key.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VerifyingKey that && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(key);
  }

  /** The digest. */
  @Override
  public String toString() {
    return "VerifyingKey[" + digest() + "]";
  }
}
