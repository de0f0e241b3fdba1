package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * The oracle of whole rounds: what every site should send, written down once more from the formulas
 * of docs/PROTOCOL.md, for someone who knows all secrets. Nothing is shared, sealed or rebuilt
 * here; the sum is that of the plain integers. Numbers are longs, of which 32-bit rings use the low
 * half.
 */
final class NaiveRound {
  private final byte[] context;
  private final List<byte[]> secrets; // of each site: k, b, c, dealing seed

  NaiveRound(byte[] context, List<byte[]> secrets) {
    this.context = context;
    this.secrets = secrets;
  }

  byte[] selfSeed(int site) throws GeneralSecurityException {
    byte[] b = Arrays.copyOfRange(secrets.get(site), 32, 64);
    return NaiveMasking.hkdf(b, context, "self", 32, site);
  }

  byte[] pairSeed(int one, int other) throws GeneralSecurityException, MaskRefused {
    int low = Math.min(one, other);
    int high = Math.max(one, other);
    byte[] lowK = Arrays.copyOf(secrets.get(low), 32);
    byte[] highK = Arrays.copyOf(secrets.get(high), 32);
    XWing highKey = new XWing(NaiveMasking.hkdf(highK, context, "mask-key", 32, high));
    byte[] coins = NaiveMasking.hkdf(lowK, context, "encaps", 64, low, high);
    byte[] shared = XWing.encapsulate(high, highKey.publicKey(), coins).secret();
    return NaiveMasking.hkdf(shared, context, "pair", 32, low, high);
  }

  /** Numbers 0 to {@code length} − 1 of the stream of a seed. */
  static long[] stream(byte[] seed, int ringBits, int length) throws GeneralSecurityException {
    Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
    aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(seed, "AES"));
    byte[] bytes = new byte[length * 8 + 16];
    for (int block = 0; block < bytes.length / 16; block++) {
      byte[] counter = ByteBuffer.allocate(16).putLong(8, block).array();
      System.arraycopy(aes.doFinal(counter), 0, bytes, block * 16, 16);
    }
    long[] numbers = new long[length];
    for (int i = 0; i < length; i++) {
      for (int j = ringBits / 8 - 1; j >= 0; j--) {
        numbers[i] = (numbers[i] << 8) | (bytes[i * (ringBits / 8) + j] & 0xff);
      }
    }
    return numbers;
  }

  /** y of a site. */
  long[] masked(int site, long[] vector, Set<Integer> sharing, int ringBits)
      throws GeneralSecurityException, MaskRefused {
    long[] y = vector.clone();
    add(y, 1, stream(selfSeed(site), ringBits, y.length));
    for (int peer : sharing) {
      if (peer != site) {
        int sign = peer > site ? 1 : -1;
        add(y, sign, stream(pairSeed(site, peer), ringBits, y.length));
      }
    }
    return ringBits == 32 ? Arrays.stream(y).map(v -> v & 0xffff_ffffL).toArray() : y;
  }

  private static void add(long[] sum, int sign, long[] numbers) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += sign * numbers[i];
    }
  }
}
