package org.consilium.security.seal;

import java.nio.charset.StandardCharsets;
import org.bouncycastle.crypto.hpke.HPKE;

/**
 * HPKE in base mode (RFC 9180) with X-Wing, HKDF-SHA256 and no AEAD of its own: it only agrees on a
 * key for the bulk cipher.
 */
final class Suite {
  private static final byte[] LABEL = "CSEAL1".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] BULK = "bulk".getBytes(StandardCharsets.US_ASCII);
  private static final int CONTEXT_BYTES = 32;
  static final int KEY_BYTES = 32;

  private Suite() {}

  static HPKE hpke() {
    return new HPKE(HPKE.mode_base, HPKE.kem_X_WING, HPKE.kdf_HKDF_SHA256, HPKE.aead_EXPORT_ONLY);
  }

  static byte[] bulkLabel() {
    return BULK.clone();
  }

  static byte[] info(byte[] context) {
    if (context.length != CONTEXT_BYTES) {
      throw new IllegalArgumentException(
          "seal context: %d bytes, not 32".formatted(context.length));
    }
    byte[] info = new byte[LABEL.length + context.length];
    System.arraycopy(LABEL, 0, info, 0, LABEL.length);
    System.arraycopy(context, 0, info, LABEL.length, context.length);
    return info;
  }
}
