package org.consilium.security.witness;

import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.CheckpointRefused.Why;

/**
 * A checkpoint's bytes under the signature of the log's keeper. Believe nothing of it before {@link
 * #open}.
 *
 * @param body {@link Checkpoint#bytes}
 * @param by the keeper's signature
 */
public record SignedCheckpoint(byte[] body, Endorsement by) {
  /** Longest text form that is read. */
  public static final int TEXT_BYTES_MAX = 64 << 10;

  private static final String SIGNATURE = "signature ";
  private static final String CERTIFICATE = "certificate ";

  /** Copies. */
  public SignedCheckpoint {
    body = body.clone();
  }

  /** Signs. */
  public static SignedCheckpoint of(
      Checkpoint checkpoint, SigningKey key, List<X509Certificate> chain) {
    byte[] body = checkpoint.bytes();
    return new SignedCheckpoint(body, Endorsement.sign(Checkpoint.LABEL, body, key, chain));
  }

  /**
   * What it says, once a coordinator of this consortium is known to have signed it.
   *
   * @throws CheckpointRefused MALFORMED, BAD_CHAIN, BAD_SIGNATURE, OTHER_LOG
   */
  public Checkpoint open(ChainCheck chains) throws CheckpointRefused {
    Checkpoint checkpoint = Checkpoint.parse(body);
    SpiffeId signer = by.verify(Checkpoint.LABEL, body, chains, SpiffeId.Kind.COORDINATOR_SIGNING);
    if (!signer.trustDomain().equals(checkpoint.federation())) {
      throw new CheckpointRefused(
          Why.OTHER_LOG,
          "it speaks of %s, its signer is of %s"
              .formatted(checkpoint.federation(), signer.trustDomain()));
    }
    return checkpoint;
  }

  /** The same with certificates that were valid at the time that the checkpoint names. */
  public Checkpoint openAsOfItsTime(X509Certificate root) throws CheckpointRefused {
    Checkpoint claimed = Checkpoint.parse(body);
    return open(new ChainCheck(root, claimed.federation(), InstantSource.fixed(claimed.time())));
  }

  /** For a file: the checkpoint's lines, then the signature and certificates in base64. */
  public String text() {
    StringBuilder text = new StringBuilder(new String(body, StandardCharsets.US_ASCII));
    text.append(SIGNATURE).append(base64(by.signature())).append('\n');
    by.chain().forEach(c -> text.append(CERTIFICATE).append(base64(c)).append('\n'));
    return text.toString();
  }

  /**
   * Reads {@link #text}.
   *
   * @throws CheckpointRefused MALFORMED
   */
  public static SignedCheckpoint parse(String text) throws CheckpointRefused {
    int cut = text.indexOf("\n" + SIGNATURE) + 1;
    if (cut == 0 || text.length() > TEXT_BYTES_MAX) {
      throw new CheckpointRefused(Why.MALFORMED, "the file holds no signed checkpoint");
    }
    List<byte[]> chain = new ArrayList<>();
    byte[] signature = new byte[0];
    try {
      for (String line : text.substring(cut).split("\n", -1)) {
        if (line.startsWith(SIGNATURE)) {
          signature = Base64.getDecoder().decode(line.substring(SIGNATURE.length()));
        } else if (line.startsWith(CERTIFICATE)) {
          chain.add(Base64.getDecoder().decode(line.substring(CERTIFICATE.length())));
        } else if (!line.isEmpty()) {
          throw new IllegalArgumentException("a line of unknown kind");
        }
      }
    } catch (IllegalArgumentException illegal) {
      throw new CheckpointRefused(Why.MALFORMED, String.valueOf(illegal.getMessage()));
    }
    return new SignedCheckpoint(
        text.substring(0, cut).getBytes(StandardCharsets.ISO_8859_1),
        new Endorsement(signature, chain));
  }

  @Override
  public byte[] body() {
    return body.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedCheckpoint that
        && Arrays.equals(body, that.body)
        && by.equals(that.by);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(body);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
