package org.consilium.security.fixed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.consilium.security.stream.Hkdf;
import org.consilium.security.stream.Keystream;

/**
 * The random words of stochastic rounding: word i is the i-th little-endian u32 of an AES-256-CTR
 * keystream (counter from 0) under HKDF-SHA256(secret, salt = label, info = "round"). The same
 * secret and label give the same words, so a retry rounds a delta to the same integers. One thread
 * at a time.
 */
public final class RoundingStream {
  private static final int BUFFER_WORDS = 8192; // 32 KiB: stays in the first-level cache

  private final Keystream keystream;
  private final byte[] buffer = new byte[BUFFER_WORDS * Integer.BYTES];
  private final IntBuffer words =
      ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();

  private RoundingStream(Keystream keystream) {
    this.keystream = keystream;
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
    byte[] info = "round".getBytes(StandardCharsets.US_ASCII);
    byte[] key = Hkdf.derive(secret, label, info, Keystream.KEY_BYTES);
    try {
      return ofKey(key);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /** A stream of a raw AES-256 key. */
  static RoundingStream ofKey(byte[] key) {
    return new RoundingStream(Keystream.of(key));
  }

  /** Places the stream at a coordinate, from 0. */
  public void seek(long coordinate) {
    if (coordinate < 0 || coordinate > Long.MAX_VALUE / Integer.BYTES) {
      throw new IllegalArgumentException("rounding word " + coordinate);
    }
    keystream.seek(coordinate * Integer.BYTES);
  }

  /** The coordinate whose word comes next. */
  public long position() {
    return keystream.position() / Integer.BYTES;
  }

  /** Writes the next {@code length} words, each to be read as unsigned. */
  public void fill(int[] out, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, out.length);
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BUFFER_WORDS);
      keystream.read(buffer, 0, now * Integer.BYTES);
      words.get(0, out, offset + done, now);
      done += now;
    }
  }
}
