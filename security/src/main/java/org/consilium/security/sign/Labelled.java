package org.consilium.security.sign;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The bytes under a signature: u32 length of the label, the label, the body. */
final class Labelled {
  private static final int LABEL_BYTES_MAX = 64;

  private Labelled() {}

  static byte[] message(String label, byte[] body) {
    byte[] name = label.getBytes(StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > LABEL_BYTES_MAX) {
      throw new IllegalArgumentException(
          "signature label: %d bytes, 1 to %d".formatted(name.length, LABEL_BYTES_MAX));
    }
    return ByteBuffer.allocate(Math.addExact(4 + name.length, body.length))
        .putInt(name.length)
        .put(name)
        .put(body)
        .array();
  }
}
