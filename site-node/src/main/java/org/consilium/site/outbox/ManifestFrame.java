package org.consilium.site.outbox;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;

/**
 * A signed manifest on disk: magic, length of the body (u32), body, signature (64 bytes), and the
 * SHA-256 of all that.
 */
@SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
record ManifestFrame(byte[] body, byte[] signature) {
  static final int BYTES_MAX = Limits.MESSAGE_BYTES_MAX + 256;

  private static final int MAGIC = 0x434f5531; // "COU1"
  private static final int SIGNATURE_BYTES = 64;
  private static final int OVERHEAD = 8 + SIGNATURE_BYTES + Digest.BYTES;

  static byte[] encode(byte[] body, byte[] signature) {
    ByteBuffer frame = ByteBuffer.allocate(body.length + OVERHEAD);
    frame.putInt(MAGIC).putInt(body.length).put(body).put(signature);
    byte[] hashed = Arrays.copyOf(frame.array(), frame.position());
    return frame.put(Digest.sha256(hashed).bytes()).array();
  }

  /** Empty unless every byte is as it was written. */
  static Optional<ManifestFrame> decode(byte[] bytes) {
    if (bytes.length < OVERHEAD) {
      return Optional.empty();
    }
    int content = bytes.length - Digest.BYTES;
    byte[] hashed = Arrays.copyOf(bytes, content);
    byte[] digest = Arrays.copyOfRange(bytes, content, bytes.length);
    ByteBuffer frame = ByteBuffer.wrap(hashed);
    if (frame.getInt() != MAGIC
        || frame.getInt() != bytes.length - OVERHEAD
        || !Arrays.equals(Digest.sha256(hashed).bytes(), digest)) {
      return Optional.empty();
    }
    byte[] body = new byte[bytes.length - OVERHEAD];
    byte[] signature = new byte[SIGNATURE_BYTES];
    frame.get(body).get(signature);
    return Optional.of(new ManifestFrame(body, signature));
  }
}
