package org.consilium.security.seal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * AES-256-GCM over one chunk at a time. Nonce: the index as u96 big-endian. Additional data:
 * context (32 bytes), site, u32 index, u32 total, one byte that is 1 for the last chunk. One thread
 * at a time.
 */
final class ChunkCipher implements AutoCloseable {
  static final int TAG_BYTES = 16;

  /** Most chunks in an update: 64 GiB at 1 MiB a chunk, and a bitmap of 8 KiB. */
  static final int CHUNKS_MAX = 1 << 16;

  private static final int NONCE_BYTES = 12;
  private static final int SITE_BYTES_MAX = 256;

  private final BulkKey key;
  private final Cipher cipher;
  private final byte[] nonce = new byte[NONCE_BYTES];
  private final byte[] aad;
  private final String site;
  private final int total;

  ChunkCipher(byte[] key, byte[] context, String site, int total) {
    if (total < 1 || total > CHUNKS_MAX) {
      throw new IllegalArgumentException(
          "sealed update: %d chunks, 1 to %d".formatted(total, CHUNKS_MAX));
    }
    byte[] name = site.getBytes(StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > SITE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "sealed update: site id of %d bytes".formatted(name.length));
    }
    this.key = new BulkKey(key.clone());
    this.site = site;
    this.total = total;
    this.aad =
        ByteBuffer.allocate(context.length + name.length + 9)
            .put(context)
            .put(name)
            .putInt(0)
            .putInt(total)
            .put((byte) 0)
            .array();
    this.cipher = newCipher();
  }

  private ChunkCipher(ChunkCipher other) {
    this.key = new BulkKey(other.key.getEncoded());
    this.site = other.site;
    this.total = other.total;
    this.aad = other.aad.clone();
    this.cipher = newCipher();
  }

  ChunkCipher copy() {
    return new ChunkCipher(this);
  }

  String site() {
    return site;
  }

  int total() {
    return total;
  }

  int seal(int index, byte[] in, int inOffset, int length, byte[] out, int outOffset) {
    try {
      start(Cipher.ENCRYPT_MODE, index);
      return cipher.doFinal(in, inOffset, length, out, outOffset);
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException(
          "seal chunk %d of %d for site %s".formatted(index, total, site), unexpected);
    }
  }

  int open(int index, byte[] in, int inOffset, int length, byte[] out, int outOffset)
      throws SealBroken {
    try {
      start(Cipher.DECRYPT_MODE, index);
      return cipher.doFinal(in, inOffset, length, out, outOffset);
    } catch (AEADBadTagException changed) {
      throw new SealBroken(index, total, site, "tag mismatch");
    } catch (GeneralSecurityException unexpected) {
      throw new IllegalStateException(
          "open chunk %d of %d from site %s".formatted(index, total, site), unexpected);
    }
  }

  @Override
  public void close() {
    key.destroy();
  }

  private void start(int mode, int index) throws GeneralSecurityException {
    ByteBuffer.wrap(nonce).putInt(NONCE_BYTES - 4, index);
    ByteBuffer.wrap(aad)
        .putInt(aad.length - 9, index)
        .put(aad.length - 1, (byte) (index == total - 1 ? 1 : 0));
    cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * 8, nonce));
    cipher.updateAAD(aad);
  }

  private static Cipher newCipher() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has AES-GCM", absent);
    }
  }

  /** A key that can be erased; the JDK's own SecretKeySpec cannot. */
  private static final class BulkKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    private final byte[] bytes;
    private boolean destroyed;

    BulkKey(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public String getAlgorithm() {
      return "AES";
    }

    @Override
    public String getFormat() {
      return "RAW";
    }

    @Override
    public byte[] getEncoded() {
      if (destroyed) {
        throw new IllegalStateException("the key of this update was erased");
      }
      return bytes.clone();
    }

    @Override
    public void destroy() {
      destroyed = true;
      Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public boolean isDestroyed() {
      return destroyed;
    }
  }
}
