package org.consilium.security.sign;

import java.io.IOException;
import java.security.PrivateKey;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.consilium.security.identity.Credential;

/** An Ed25519 private key (RFC 8032) that signs labelled bytes. Safe for use by many threads. */
public final class SigningKey {
  /** Length of a seed. */
  public static final int SEED_BYTES = Ed25519PrivateKeyParameters.KEY_SIZE;

  private final Ed25519PrivateKeyParameters key;
  private final Ed25519PublicKeyParameters publicKey;

  private SigningKey(Ed25519PrivateKeyParameters key) {
    this.key = key;
    this.publicKey = key.generatePublicKey();
  }

  /** From a PKCS#8 key; refuses every other algorithm. */
  public static SigningKey of(PrivateKey key) {
    try {
      PrivateKeyInfo info = PrivateKeyInfo.getInstance(key.getEncoded());
      if (info.getPrivateKeyAlgorithm().getAlgorithm().equals(EdECObjectIdentifiers.id_Ed25519)) {
        byte[] seed = ASN1OctetString.getInstance(info.parsePrivateKey()).getOctets();
        return new SigningKey(new Ed25519PrivateKeyParameters(seed));
      }
    } catch (IOException | IllegalArgumentException malformed) {
      // the cause may quote key bytes, so it is not passed on
      throw new IllegalArgumentException("signing key: malformed PKCS#8");
    }
    throw new IllegalArgumentException(
        "signing key: Ed25519 is required, not " + key.getAlgorithm());
  }

  /** From the 32 bytes of RFC 8032. */
  public static SigningKey ofSeed(byte[] seed) {
    if (seed.length != SEED_BYTES) {
      throw new IllegalArgumentException("signing key: %d bytes, not 32".formatted(seed.length));
    }
    return new SigningKey(new Ed25519PrivateKeyParameters(seed));
  }

  /** The key of a signing credential. */
  public static SigningKey of(Credential credential) {
    return of(credential.privateKey());
  }

  /**
   * Signs the label's length (u32 big-endian), the label and the body, so that a signature made for
   * one purpose is never valid for another.
   *
   * @return 64 bytes
   */
  public byte[] sign(String label, byte[] body) {
    byte[] message = Labelled.message(label, body);
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    key.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
    return signature;
  }

  /** The public half. */
  public VerifyingKey verifyingKey() {
    return VerifyingKey.of(publicKey.getEncoded());
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "SigningKey[" + verifyingKey().digest() + "]";
  }
}
