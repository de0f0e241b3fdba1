package org.consilium.security.witness;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.CheckpointRefused.Why;

/**
 * A site's word that a checkpoint continues the one it saw before. The signature is over the
 * checkpoint's bytes and a line with the time, so that the site's certificates can be checked as of
 * then.
 *
 * @param time by the site's clock
 * @param by the site's signature
 */
public record Cosignature(Instant time, Endorsement by) {
  /** What a cosignature is for. */
  public static final String LABEL = "consilium/v1/audit-cosign";

  /** Cosigns. */
  public static Cosignature of(
      byte[] checkpoint, Instant time, SigningKey key, List<X509Certificate> chain) {
    return new Cosignature(time, Endorsement.sign(LABEL, body(checkpoint, time), key, chain));
  }

  /** The bytes under the signature. */
  public static byte[] body(byte[] checkpoint, Instant time) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(checkpoint.length + 40);
    out.writeBytes(checkpoint);
    out.writeBytes("cosigned %s\n".formatted(time).getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  /**
   * The site that cosigned {@code checkpoint}, with certificates that were valid at the time that
   * it names.
   *
   * @throws CheckpointRefused BAD_CHAIN, BAD_SIGNATURE
   */
  public String site(byte[] checkpoint, X509Certificate root, String federation)
      throws CheckpointRefused {
    SpiffeId signer =
        by.verify(
            LABEL,
            body(checkpoint, time),
            new ChainCheck(root, federation, InstantSource.fixed(time)),
            SpiffeId.Kind.SITE_SIGNING);
    return signer
        .siteName()
        .orElseThrow(() -> new CheckpointRefused(Why.BAD_CHAIN, signer + " is no site"));
  }
}
