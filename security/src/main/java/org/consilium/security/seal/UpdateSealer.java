package org.consilium.security.seal;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;

/**
 * Seals one update, chunk by chunk, to an aggregation key. Each instance agrees on a fresh bulk
 * key, so an update is sealed once and its bytes are kept and resent, never sealed again. One
 * thread at a time; {@link #copy} gives another thread its own, and together they refuse to seal an
 * index twice.
 */
public final class UpdateSealer implements AutoCloseable {
  /** How much longer a sealed chunk is. */
  public static final int OVERHEAD_BYTES = ChunkCipher.TAG_BYTES;

  private final byte[] encapsulation;
  private final ChunkCipher cipher;
  private final AtomicIntegerArray sealed;

  private UpdateSealer(byte[] encapsulation, ChunkCipher cipher, AtomicIntegerArray sealed) {
    this.encapsulation = encapsulation;
    this.cipher = cipher;
    this.sealed = sealed;
  }

  /**
   * Agrees on a key with the holder of {@code publicKey}.
   *
   * @param publicKey 1216 bytes, X-Wing
   * @param context 32 bytes, {@code RoundContext.digest()}
   * @param totalChunks 1 to 65536
   * @throws IllegalArgumentException if the public key is not a usable one
   */
  public static UpdateSealer to(byte[] publicKey, byte[] context, String site, int totalChunks) {
    HPKE hpke = Suite.hpke();
    HPKEContextWithEncapsulation agreed;
    byte[] info = Suite.info(context);
    try {
      agreed = hpke.setupBaseS(hpke.deserializePublicKey(publicKey), info);
    } catch (IllegalArgumentException | IllegalStateException unusable) {
      throw new IllegalArgumentException(
          "seal for %s: the aggregation public key (%d bytes) is not usable"
              .formatted(site, publicKey.length),
          unusable);
    }
    byte[] key = agreed.export(Suite.bulkLabel(), Suite.KEY_BYTES);
    try {
      return new UpdateSealer(
          agreed.getEncapsulation(),
          new ChunkCipher(key, context, site, totalChunks),
          new AtomicIntegerArray((totalChunks + 31) / 32));
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /** 1120 bytes, a copy; sent with the update. */
  public byte[] encapsulation() {
    return encapsulation.clone();
  }

  /**
   * Seals a chunk.
   *
   * @param index 0 to total − 1, each once among this instance and its copies
   * @param out receives {@code length + 16} bytes at {@code outOffset}; may not overlap the input
   * @return bytes written
   */
  public int seal(int index, byte[] in, int inOffset, int length, byte[] out, int outOffset) {
    Objects.checkIndex(index, cipher.total());
    Objects.checkFromIndexSize(inOffset, length, in.length);
    Objects.checkFromIndexSize(outOffset, Math.addExact(length, OVERHEAD_BYTES), out.length);
    int bit = 1 << (index & 31);
    if ((sealed.getAndAccumulate(index >> 5, bit, (was, add) -> was | add) & bit) != 0) {
      throw new IllegalStateException(
          "seal chunk %d of %d for site %s: already sealed; resend the kept bytes"
              .formatted(index, cipher.total(), cipher.site()));
    }
    return cipher.seal(index, in, inOffset, length, out, outOffset);
  }

  /** Another instance with the same key, for another thread. */
  public UpdateSealer copy() {
    return new UpdateSealer(encapsulation, cipher.copy(), sealed);
  }

  /** Erases this instance's key. */
  @Override
  public void close() {
    cipher.close();
  }
}
