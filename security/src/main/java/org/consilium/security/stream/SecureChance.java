package org.consilium.security.stream;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * Random numbers that nobody can foretell, in large amounts: the keystream of AES-256 in counter
 * mode under a key that {@link SecureRandom} drew and nobody keeps. For noise that protects people.
 * One thread at a time.
 */
public final class SecureChance implements RandomGenerator {
  private static final int BLOCK_BYTES = 8192; // eight bytes a number, in the first-level cache

  private final Keystream stream;
  private final byte[] block = new byte[BLOCK_BYTES];
  private final ByteBuffer numbers = ByteBuffer.wrap(block).limit(0);

  private SecureChance(Keystream stream) {
    this.stream = stream;
  }

  /** A stream of its own. */
  public static SecureChance of(SecureRandom random) {
    byte[] key = new byte[Keystream.KEY_BYTES];
    random.nextBytes(key);
    return of(key);
  }

  /**
   * The stream of a key, for tests: who knows the key knows the noise.
   *
   * @param key 32 bytes, copied
   */
  static SecureChance of(byte[] key) {
    return new SecureChance(Keystream.of(key));
  }

  /** 64 bits of the keystream, big-endian; a bit is used once. */
  @Override
  public long nextLong() {
    if (!numbers.hasRemaining()) {
      stream.read(block, 0, BLOCK_BYTES);
      numbers.clear();
    }
    return numbers.getLong();
  }
}
