package org.consilium.security.mask;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.consilium.security.mask.Shamir.Share;

/** The arithmetic of the specification written out once more, slowly and with other means. */
final class NaiveMasking {
  private NaiveMasking() {}

  /** Polynomials as numbers: long multiplication, then long division by 0x11B. */
  static int multiply(int a, int b) {
    int product = 0;
    for (int i = 0; i < 8; i++) {
      if ((b >> i & 1) == 1) {
        product ^= a << i;
      }
    }
    for (int i = 14; i >= 8; i--) {
      if ((product >> i & 1) == 1) {
        product ^= 0x11b << (i - 8);
      }
    }
    return product;
  }

  static int divide(int a, int b) {
    int quotient = 0;
    while (multiply(quotient, b) != a) {
      quotient++;
    }
    return quotient;
  }

  /** Byte {@code at} of the polynomial through all shares, at x = 0. */
  static int lagrange(List<Share> shares, int at) {
    int sum = 0;
    for (Share share : shares) {
      int term = share.bytes()[at] & 0xff;
      for (Share other : shares) {
        if (other.x() != share.x()) {
          term = divide(multiply(term, other.x()), share.x() ^ other.x());
        }
      }
      sum ^= term;
    }
    return sum;
  }

  /** HKDF-SHA256 of up to 64 bytes as RFC 5869 writes it; {@code sites} follow the label. */
  static byte[] hkdf(byte[] secret, byte[] salt, String label, int length, int... sites)
      throws GeneralSecurityException {
    ByteBuffer info = ByteBuffer.allocate(label.length() + 4 * sites.length);
    info.put(label.getBytes(StandardCharsets.US_ASCII));
    for (int site : sites) {
      info.put(new byte[] {0, 0, 0, (byte) site});
    }
    byte[] key = hmac(salt, secret);
    byte[] first = hmac(key, info.array(), new byte[] {1});
    byte[] second = hmac(key, first, info.array(), new byte[] {2});
    return ByteBuffer.allocate(length).put(first).put(second, 0, length - 32).array();
  }

  static byte[] hmac(byte[] key, byte[]... parts) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    for (byte[] part : parts) {
      mac.update(part);
    }
    return mac.doFinal();
  }

  /** Element {@code at} of PRG(seed), block by block through AES alone, bytes read from the end. */
  static BigInteger element(byte[] seed, int ringBits, long at) throws GeneralSecurityException {
    Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
    aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(seed, "AES"));
    BigInteger value = BigInteger.ZERO;
    for (int i = ringBits / 8 - 1; i >= 0; i--) {
      long place = at * (ringBits / 8) + i;
      byte[] block = aes.doFinal(ByteBuffer.allocate(16).putLong(8, place / 16).array());
      value = value.shiftLeft(8).or(BigInteger.valueOf(block[(int) (place % 16)] & 0xff));
    }
    return value;
  }

  /** y of one coordinate of site u: x + self + Σ pair with v > u − Σ pair with v < u, mod 2^R. */
  @SuppressWarnings("TooManyParameters") // the formula's letters
  static BigInteger masked(
      BigInteger x, int u, byte[] self, Map<Integer, byte[]> pairs, int ringBits, long at)
      throws GeneralSecurityException {
    BigInteger y = x.add(element(self, ringBits, at));
    for (Map.Entry<Integer, byte[]> pair : pairs.entrySet()) {
      BigInteger mask = element(pair.getValue(), ringBits, at);
      y = pair.getKey() > u ? y.add(mask) : y.subtract(mask);
    }
    return y.mod(BigInteger.TWO.pow(ringBits));
  }
}
