package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.stream.Hkdf;

/**
 * What CSA1 derives from secrets: HKDF-SHA256(secret, salt = round context, info = label and then
 * site numbers, each u32 big-endian). A site number is its place, from 0, among the sorted
 * participants.
 */
final class Derivation {
  static final int SECRET_BYTES = 32;
  static final int COINS_BYTES = 64;

  private static final int SITES_MAX = 128;

  private Derivation() {}

  /** Seed of a site's X-Wing key pair, from its k. */
  static byte[] maskKey(Fingerprint context, int site, byte[] secret) {
    checkSecret(secret);
    return Hkdf.derive(secret, context.bytes(), info("mask-key", site), SECRET_BYTES);
  }

  /** All chance in the encapsulation of {@code from} to {@code to}, from the k of {@code from}. */
  static byte[] coins(Fingerprint context, int from, int to, byte[] secret) {
    checkSecret(secret);
    return Hkdf.derive(secret, context.bytes(), info("encaps", from, to), COINS_BYTES);
  }

  /** Seed of the mask of two sites, from the X-Wing shared secret. */
  static byte[] pairSeed(Fingerprint context, int one, int other, byte[] shared) {
    byte[] info = info("pair", Math.min(one, other), Math.max(one, other));
    return Hkdf.derive(shared, context.bytes(), info, MaskStream.SEED_BYTES);
  }

  /** Seed of a site's own mask, from its b. */
  static byte[] selfSeed(Fingerprint context, int site, byte[] secret) {
    checkSecret(secret);
    return Hkdf.derive(secret, context.bytes(), info("self", site), MaskStream.SEED_BYTES);
  }

  /** SHA-256("b" ‖ context ‖ site ‖ b). */
  static Fingerprint selfCommitment(Fingerprint context, int site, byte[] secret) {
    checkSecret(secret);
    return Fingerprint.sha256(info("b"), context.bytes(), info("", site), secret);
  }

  /**
   * Key of the stream of Shamir coefficients for one of a site's secrets, from its dealing seed.
   */
  static byte[] coefficients(Fingerprint context, int site, String secretName, byte[] dealing) {
    checkSecret(dealing);
    return Hkdf.derive(dealing, context.bytes(), info("shamir-" + secretName, site), SECRET_BYTES);
  }

  /**
   * All chance in the envelope of {@code from} to {@code to}. It depends on the key sealed to: with
   * the same coins to two keys, the holder of one could read what is sealed to the other.
   */
  static byte[] envelopeCoins(
      Fingerprint context, int from, int to, byte[] publicKey, byte[] dealing) {
    checkSecret(dealing);
    byte[] start = info("envelope", from, to);
    byte[] info =
        ByteBuffer.allocate(start.length + Fingerprint.BYTES)
            .put(start)
            .put(Fingerprint.sha256(publicKey).bytes())
            .array();
    return Hkdf.derive(dealing, context.bytes(), info, COINS_BYTES);
  }

  /** SHA-256(share ‖ salt). */
  static Fingerprint shareCommitment(byte[] share, byte[] salt) {
    return Fingerprint.sha256(share, salt);
  }

  static void checkSite(int site) {
    if (site < 0 || site >= SITES_MAX) {
      throw new IllegalArgumentException(
          "masking: site number %d, 0 to %d".formatted(site, SITES_MAX - 1));
    }
  }

  private static void checkSecret(byte[] secret) {
    if (secret.length != SECRET_BYTES) {
      throw new IllegalArgumentException(
          "masking: a secret of %d bytes, not 32".formatted(secret.length));
    }
  }

  static byte[] info(String label, int... sites) {
    byte[] name = label.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer info = ByteBuffer.allocate(name.length + sites.length * Integer.BYTES).put(name);
    for (int site : sites) {
      checkSite(site);
      info.putInt(site);
    }
    return info.array();
  }
}
