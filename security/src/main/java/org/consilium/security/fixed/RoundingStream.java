package org.consilium.security.fixed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The random words of stochastic rounding: word i is the i-th little-endian u32 of an AES-256-CTR
 * keystream (counter from 0) under HKDF-SHA256(secret, salt = label, info = "round"). The same
 * secret and label give the same words, so a retry rounds a delta to the same integers. One thread
 * at a time.
 */
public final class RoundingStream {
  private static final int WORDS_A_BLOCK = 4; // 16 bytes of AES
  private static final int BUFFER_WORDS = 8192; // 32 KiB: stays in the first-level cache

  private final SecretKey key;
  private final Cipher cipher;
  private final byte[] zeros = new byte[BUFFER_WORDS * 4];
  private final byte[] keystream = new byte[BUFFER_WORDS * 4];
  private final ByteBuffer words = ByteBuffer.wrap(keystream).order(ByteOrder.LITTLE_ENDIAN);
  private long next;

  private RoundingStream(SecretKey key) {
    this.key = key;
    try {
      this.cipher = Cipher.getInstance("AES/CTR/NoPadding");
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has AES-CTR", absent);
    }
    seek(0);
  }

  /**
   * The stream of a site's rounding secret under a label. A label that is the same in every attempt
   * of a round makes every attempt round a delta to the very same integers.
   *
   * @param secret at least 16 bytes; read, not kept
   */
  public static RoundingStream of(byte[] secret, byte[] label) {
    if (secret.length < 16) {
      throw new IllegalArgumentException(
          "rounding secret: %d bytes, at least 16".formatted(secret.length));
    }
    byte[] key = hkdf(secret, label, "round".getBytes(StandardCharsets.US_ASCII), 32);
    try {
      return new RoundingStream(new SecretKeySpec(key, "AES"));
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /** HKDF-SHA256 (RFC 5869), extract and expand. */
  static byte[] hkdf(byte[] ikm, byte[] salt, byte[] info, int length) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract().addIKM(ikm).addSalt(salt).thenExpand(info, length));
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256", absent);
    }
  }

  /** A stream of a raw AES-256 key. */
  static RoundingStream ofKey(byte[] key) {
    return new RoundingStream(new SecretKeySpec(key, "AES"));
  }

  /** Places the stream at a coordinate, from 0. */
  public void seek(long coordinate) {
    if (coordinate < 0) {
      throw new IllegalArgumentException("rounding word " + coordinate);
    }
    byte[] counter = ByteBuffer.allocate(16).putLong(8, coordinate / WORDS_A_BLOCK).array();
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(counter));
      int skip = (int) (coordinate % WORDS_A_BLOCK) * 4;
      if (skip > 0) {
        var _ = cipher.update(zeros, 0, skip, keystream, 0);
      }
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException("seek the rounding stream", unexpected);
    }
    next = coordinate;
  }

  /** The coordinate whose word comes next. */
  public long position() {
    return next;
  }

  /** Writes the next {@code length} words, each to be read as unsigned. */
  public void fill(int[] out, int offset, int length) {
    int done = 0;
    try {
      while (done < length) {
        int now = Math.min(length - done, BUFFER_WORDS);
        int written = cipher.update(zeros, 0, now * 4, keystream, 0);
        if (written != now * 4) {
          throw new IllegalStateException("AES-CTR gave %d bytes".formatted(written));
        }
        words.asIntBuffer().get(out, offset + done, now);
        done += now;
      }
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException("read the rounding stream", unexpected);
    }
    next += length;
  }
}
