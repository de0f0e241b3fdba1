package org.consilium.models.data.folder;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * Whether a PNG or JPEG file is whole. The decoders fill up what is missing of a file that was cut
 * short, which a hospital would want to know.
 */
final class Completeness {
  private static final int SIGNATURE_BYTES = 8;
  private static final int CHUNK_FRAME_BYTES = 12;
  private static final int END_CHUNK = 0x49454E44; // IEND

  /** Where the end marker of a JPEG file may lie before its end. */
  private static final int TRAILER_BYTES_MAX = 1 << 10;

  private Completeness() {}

  static boolean of(byte[] content) {
    boolean png = content.length > SIGNATURE_BYTES && (content[0] & 0xff) == 0x89;
    return png ? png(content) : jpeg(content);
  }

  /** Each chunk's checksum is right, and the last one is the end. */
  private static boolean png(byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content);
    int at = SIGNATURE_BYTES;
    while (content.length - at >= CHUNK_FRAME_BYTES) {
      int length = bytes.getInt(at);
      if (length < 0 || length > content.length - at - CHUNK_FRAME_BYTES) {
        return false;
      }
      CRC32 sum = new CRC32();
      sum.update(content, at + 4, length + 4);
      if ((int) sum.getValue() != bytes.getInt(at + 8 + length)) {
        return false;
      }
      if (bytes.getInt(at + 4) == END_CHUNK) {
        return true;
      }
      at += CHUNK_FRAME_BYTES + length;
    }
    return false;
  }

  private static boolean jpeg(byte[] content) {
    int least = Math.max(0, content.length - TRAILER_BYTES_MAX);
    for (int at = content.length - 2; at >= least; at--) {
      if ((content[at] & 0xff) == 0xff && (content[at + 1] & 0xff) == 0xd9) {
        return true;
      }
    }
    return false;
  }
}
