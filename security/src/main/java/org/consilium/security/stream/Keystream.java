package org.consilium.security.stream;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Objects;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keystream of AES-256 in counter mode from a zero counter block (NIST SP 800-38A), seekable to
 * any byte. There is no nonce, so a key is for one stream and nothing else. The JDK's copies of the
 * key are left to the garbage collector. One thread at a time; {@link #copy} gives another thread
 * its own.
 */
public final class Keystream {
  /** Length of a key. */
  public static final int KEY_BYTES = 32;

  private static final int BLOCK_BYTES = 16;
  private static final byte[] ZEROS = new byte[32 * 1024]; // only ever read; first-level cache

  private final SecretKey key;
  private final Cipher cipher;
  private final byte[] skipped = new byte[BLOCK_BYTES];
  private long next;

  private Keystream(SecretKey key) {
    this.key = key;
    try {
      this.cipher = Cipher.getInstance("AES/CTR/NoPadding");
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has AES-CTR", absent);
    }
    start(0);
  }

  /**
   * The stream of a key.
   *
   * @param key 32 bytes, copied
   */
  public static Keystream of(byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException(
          "keystream: key of %d bytes, not 32".formatted(key.length));
    }
    return new Keystream(new SecretKeySpec(key, "AES"));
  }

  /** The same stream from its start, for another thread. */
  public Keystream copy() {
    return new Keystream(key);
  }

  /** The place, in bytes from 0, of the byte that comes next. */
  public long position() {
    return next;
  }

  /** Goes to a place in bytes; costs nothing when already there. */
  public void seek(long position) {
    if (position < 0) {
      throw new IllegalArgumentException("keystream: byte " + position);
    }
    if (position != next) {
      start(position);
    }
  }

  /** Writes the next {@code length} bytes. */
  public void read(byte[] out, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, out.length);
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, ZEROS.length);
      update(out, offset + done, now);
      done += now;
    }
    next += length;
  }

  private void start(long position) {
    byte[] counter = ByteBuffer.allocate(BLOCK_BYTES).putLong(8, position / BLOCK_BYTES).array();
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(counter));
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException("seek the keystream to byte " + position, unexpected);
    }
    update(skipped, 0, (int) (position % BLOCK_BYTES));
    next = position;
  }

  private void update(byte[] out, int offset, int length) {
    try {
      int written = cipher.update(ZEROS, 0, length, out, offset);
      if (written != length) {
        throw new IllegalStateException(
            "read the keystream: %d bytes of %d".formatted(written, length));
      }
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException("read the keystream", unexpected);
    }
  }
}
