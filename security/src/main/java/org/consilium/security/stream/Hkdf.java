package org.consilium.security.stream;

import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/** HKDF-SHA256 (RFC 5869), extract and expand. */
public final class Hkdf {
  private Hkdf() {}

  /**
   * Bytes derived from a secret.
   *
   * @param secret input key material; read, not kept
   * @param salt may be empty
   * @param info what the bytes are for
   * @param length in bytes, 1 to 8160
   */
  public static byte[] derive(byte[] secret, byte[] salt, byte[] info, int length) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract().addIKM(secret).addSalt(salt).thenExpand(info, length));
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256", absent);
    }
  }
}
