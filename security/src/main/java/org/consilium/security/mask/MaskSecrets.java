package org.consilium.security.mask;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * All of a site's chance in one attempt: four secrets of 32 bytes. From k follow its pair masks,
 * from b its self mask, from c the key that others seal shares to; the dealing seed gives the
 * polynomials of its shares and the coins of its envelopes. So all that a site sends follows from
 * these and from what it receives, and a resend has the same bytes. They serve one context only and
 * are journaled before anything of them is sent. Closing erases them.
 */
public final class MaskSecrets implements AutoCloseable {
  /** Length of all secrets together. */
  public static final int BYTES = 4 * Derivation.SECRET_BYTES;

  private final byte[] bytes;
  private boolean closed;

  private MaskSecrets(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Fresh secrets, for one attempt. */
  public static MaskSecrets draw(SecureRandom random) {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    return new MaskSecrets(bytes);
  }

  /**
   * Secrets that were journaled.
   *
   * @param bytes 128, what {@link #bytes} gave; copied
   */
  public static MaskSecrets of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "mask secrets: %d bytes, not %d".formatted(bytes.length, BYTES));
    }
    return new MaskSecrets(bytes.clone());
  }

  /** k ‖ b ‖ c ‖ dealing seed, a copy; for the encrypted journal only. */
  public byte[] bytes() {
    return part(0, BYTES);
  }

  /** k, a copy. */
  byte[] pair() {
    return part(0, Derivation.SECRET_BYTES);
  }

  /** b, a copy. */
  byte[] self() {
    return part(Derivation.SECRET_BYTES, Derivation.SECRET_BYTES);
  }

  /** c, a copy. */
  byte[] shareKey() {
    return part(2 * Derivation.SECRET_BYTES, Derivation.SECRET_BYTES);
  }

  /** The dealing seed, a copy. */
  byte[] dealing() {
    return part(3 * Derivation.SECRET_BYTES, Derivation.SECRET_BYTES);
  }

  @Override
  public void close() {
    closed = true;
    Arrays.fill(bytes, (byte) 0);
  }

  /** Never the secrets. */
  @Override
  public String toString() {
    return "MaskSecrets[%d bytes]".formatted(BYTES);
  }

  private byte[] part(int from, int length) {
    if (closed) {
      throw new IllegalStateException("mask secrets are closed");
    }
    return Arrays.copyOfRange(bytes, from, from + length);
  }
}
