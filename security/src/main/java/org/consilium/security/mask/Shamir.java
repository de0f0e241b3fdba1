package org.consilium.security.mask;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * Secret sharing (Shamir 1979) byte by byte over GF(2^8) modulo 0x11B: any t of n shares give the
 * secret back, fewer tell nothing. Byte i of the share at x is secret[i] + c₁[i]·x + … +
 * c_{t−1}[i]·x^{t−1}; holder number j, from 0, has x = j + 1.
 */
public final class Shamir {
  /** Most shares: there are 255 places besides 0. */
  public static final int SHARES_MAX = 255;

  private static final int SECRET_BYTES_MAX = 1024; // keys, not files

  private Shamir() {}

  /**
   * One share. It may come from a stranger, so it may be illegal: {@link #rebuild} refuses it then.
   *
   * @param x the holder's number, from 0, plus 1
   * @param bytes as long as the secret; copied in and out
   */
  @SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
  public record Share(int x, byte[] bytes) {
    public Share {
      bytes = bytes.clone();
    }

    @Override
    public byte[] bytes() {
      return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Share that && x == that.x && MessageDigest.isEqual(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return 31 * x + Arrays.hashCode(bytes);
    }

    /** Never the bytes. */
    @Override
    public String toString() {
      return "Share[x=%d, %d bytes]".formatted(x, bytes.length);
    }
  }

  /**
   * Shares a secret out with fresh coefficients.
   *
   * @param secret 1 to 1024 bytes; read, not kept
   * @param threshold t, 1 to {@code shares}
   * @param shares n, at most 255
   * @return n shares, at x = 1, 2, …
   */
  public static List<Share> split(byte[] secret, int threshold, int shares, SecureRandom random) {
    checkTerms(secret.length, threshold, shares);
    byte[][] coefficients = new byte[threshold - 1][secret.length];
    try {
      for (byte[] coefficient : coefficients) {
        random.nextBytes(coefficient);
      }
      return split(secret, List.of(coefficients), shares);
    } finally {
      for (byte[] coefficient : coefficients) {
        Arrays.fill(coefficient, (byte) 0);
      }
    }
  }

  /**
   * Shares a secret out with given coefficients.
   *
   * @param coefficients c₁, c₂, …, t − 1 of them, each as long as the secret and uniformly random
   */
  public static List<Share> split(byte[] secret, List<byte[]> coefficients, int shares) {
    checkTerms(secret.length, coefficients.size() + 1, shares);
    for (byte[] coefficient : coefficients) {
      if (coefficient.length != secret.length) {
        throw new IllegalArgumentException(
            "share secret: a coefficient of %d bytes for %d"
                .formatted(coefficient.length, secret.length));
      }
    }
    List<Share> result = new ArrayList<>(shares);
    for (int x = 1; x <= shares; x++) {
      result.add(new Share(x, valueAt(x, secret, coefficients)));
    }
    return List.copyOf(result);
  }

  /**
   * The secret behind at least {@code threshold} shares, from the first of them. Further shares
   * must lie on the same polynomial. A wrong share among exactly t goes unnoticed here: compare
   * what is derived from the secret.
   *
   * @param length of the secret in bytes
   * @throws MaskRefused if there are too few shares, or one is illegal, there twice or beside the
   *     others
   */
  public static byte[] rebuild(List<Share> shares, int threshold, int length) throws MaskRefused {
    checkTerms(length, threshold, SHARES_MAX);
    checkShares(shares, threshold, length);
    List<Share> used = shares.subList(0, threshold);
    for (Share surplus : shares.subList(threshold, shares.size())) {
      if (!MessageDigest.isEqual(interpolate(used, surplus.x, length), surplus.bytes)) {
        throw new MaskRefused(
            Why.SHARES_DISAGREE,
            "rebuild secret: share %d does not fit the first %d".formatted(surplus.x, threshold));
      }
    }
    return interpolate(used, 0, length);
  }

  /** Horner's rule from the highest coefficient. */
  private static byte[] valueAt(int x, byte[] secret, List<byte[]> coefficients) {
    byte[] value = new byte[secret.length];
    for (int degree = coefficients.size(); degree >= 0; degree--) {
      byte[] coefficient = degree == 0 ? secret : coefficients.get(degree - 1);
      for (int i = 0; i < value.length; i++) {
        value[i] = (byte) (Gf256.multiply(value[i] & 0xff, x) ^ coefficient[i]);
      }
    }
    return value;
  }

  /** Lagrange: Σ_j y_j Π_{k≠j} (x − x_k)/(x_j − x_k). The places are public, the values are not. */
  private static byte[] interpolate(List<Share> shares, int x, int length) {
    byte[] value = new byte[length];
    for (Share share : shares) {
      int over = 1;
      int under = 1;
      for (Share other : shares) {
        if (other.x != share.x) {
          over = Gf256.multiply(over, x ^ other.x);
          under = Gf256.multiply(under, share.x ^ other.x);
        }
      }
      int weight = Gf256.multiply(over, Gf256.inverse(under));
      for (int i = 0; i < length; i++) {
        value[i] ^= (byte) Gf256.multiply(share.bytes[i] & 0xff, weight);
      }
    }
    return value;
  }

  private static void checkShares(List<Share> shares, int threshold, int length)
      throws MaskRefused {
    boolean[] seen = new boolean[SHARES_MAX + 1];
    for (Share share : shares) {
      int x = share.x;
      if (x < 1 || x > SHARES_MAX) {
        throw new MaskRefused(
            Why.SHARE_PLACE, "rebuild secret: a share at x = %d, 1 to 255".formatted(x));
      }
      if (seen[x]) {
        throw new MaskRefused(
            Why.SHARE_TWICE, "rebuild secret: share %d is there twice".formatted(x));
      }
      seen[x] = true;
      if (share.bytes.length != length) {
        throw new MaskRefused(
            Why.SHARE_LENGTH,
            "rebuild secret: share %d has %d bytes, not %d"
                .formatted(x, share.bytes.length, length));
      }
    }
    if (shares.size() < threshold) {
      throw new MaskRefused(
          Why.TOO_FEW_SHARES,
          "rebuild secret: %d shares, at least %d".formatted(shares.size(), threshold));
    }
  }

  private static void checkTerms(int length, int threshold, int shares) {
    if (length < 1 || length > SECRET_BYTES_MAX) {
      throw new IllegalArgumentException(
          "secret sharing: a secret of %d bytes, 1 to %d".formatted(length, SECRET_BYTES_MAX));
    }
    if (threshold < 1 || threshold > shares || shares > SHARES_MAX) {
      throw new IllegalArgumentException(
          "secret sharing: %d of %d shares, at most %d".formatted(threshold, shares, SHARES_MAX));
    }
  }
}
