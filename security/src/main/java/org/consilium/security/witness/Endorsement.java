package org.consilium.security.witness;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.sign.VerifyingKey;
import org.consilium.security.witness.CheckpointRefused.Why;

/**
 * An Ed25519 signature together with the certificates that vouch for its key, so that it can be
 * checked years later with the consortium's root alone.
 *
 * @param signature 64 bytes
 * @param chain DER, leaf first; the root may be left out
 */
public record Endorsement(byte[] signature, List<byte[]> chain) {
  /** Copies. */
  public Endorsement {
    signature = signature.clone();
    chain = chain.stream().map(byte[]::clone).toList();
  }

  /** Signs. */
  public static Endorsement sign(
      String label, byte[] body, SigningKey key, List<X509Certificate> chain) {
    List<byte[]> der = new ArrayList<>();
    try {
      for (X509Certificate certificate : chain) {
        der.add(certificate.getEncoded());
      }
    } catch (CertificateEncodingException broken) {
      throw new IllegalArgumentException("endorse: certificate without an encoding", broken);
    }
    return new Endorsement(key.sign(label, body), der);
  }

  /**
   * The signer's name, once chain and signature are right.
   *
   * @param chains decides at which time the certificates must have been valid
   * @param required the kind of name
   * @throws CheckpointRefused BAD_CHAIN, BAD_SIGNATURE
   */
  public SpiffeId verify(String label, byte[] body, ChainCheck chains, SpiffeId.Kind required)
      throws CheckpointRefused {
    List<X509Certificate> certificates;
    SpiffeId id;
    VerifyingKey key;
    try {
      certificates = ChainCheck.parse(chain);
      id = chains.verify(certificates, required);
      key = VerifyingKey.of(certificates.getFirst());
    } catch (ChainRefused | IllegalArgumentException refused) {
      throw new CheckpointRefused(Why.BAD_CHAIN, String.valueOf(refused.getMessage()));
    }
    if (!key.verify(label, body, signature)) {
      throw new CheckpointRefused(
          Why.BAD_SIGNATURE, "the signature in the name of %s is not right".formatted(id));
    }
    return id;
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public List<byte[]> chain() {
    return chain.stream().map(byte[]::clone).toList();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Endorsement that
        && java.util.Arrays.equals(signature, that.signature)
        && java.util.Arrays.deepEquals(chain.toArray(), that.chain.toArray());
  }

  @Override
  public int hashCode() {
    return java.util.Arrays.hashCode(signature);
  }
}
