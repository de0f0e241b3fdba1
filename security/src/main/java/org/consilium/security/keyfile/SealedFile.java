package org.consilium.security.keyfile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.consilium.security.stream.Hkdf;

/**
 * A {@link KeyFile} that is encrypted: nonce (12 bytes) ‖ AES-256-GCM ciphertext and tag, with a
 * key that HKDF-SHA256 derives from the owner's secret. A file serves one purpose only.
 */
public final class SealedFile {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final int KEY_BYTES = 32;

  /** A file that says nothing: it was changed, or sealed by another owner. */
  public static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    Damaged(String detail) {
      super(detail);
    }
  }

  private final byte[] key;
  private final byte[] purpose;
  private final SecureRandom random;

  /**
   * Files of one purpose.
   *
   * @param secret the owner's, at least 32 bytes; read, not kept
   * @param purpose label that separates these files from all others
   */
  public SealedFile(byte[] secret, String purpose, SecureRandom random) {
    this.purpose = purpose.getBytes(StandardCharsets.UTF_8);
    this.key = Hkdf.derive(secret, new byte[0], this.purpose, KEY_BYTES);
    this.random = random;
  }

  /** Writes the file, whole or not at all, forced to disk when this returns. */
  public void replace(Path file, byte[] content) throws IOException {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed = new byte[NONCE_BYTES + content.length + TAG_BITS / 8];
    System.arraycopy(nonce, 0, sealed, 0, NONCE_BYTES);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce);
      int _ = cipher.doFinal(content, 0, content.length, sealed, NONCE_BYTES);
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has AES-GCM", absent);
    }
    KeyFile.replace(file, sealed);
  }

  /**
   * The file's content, on the disk as {@link KeyFile#readDurable} says; empty if there is none.
   *
   * @throws Damaged if it was changed, or sealed by another owner
   */
  public Optional<byte[]> read(Path file, int bytesMax) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    byte[] sealed = KeyFile.readDurable(file, bytesMax);
    if (sealed.length < NONCE_BYTES) {
      throw new Damaged("read %s: %d bytes".formatted(file.getFileName(), sealed.length));
    }
    try {
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(sealed, NONCE_BYTES));
      return Optional.of(cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES));
    } catch (AEADBadTagException changed) {
      throw new Damaged(
          "read %s: it was changed, or another node wrote it".formatted(file.getFileName()));
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has AES-GCM", absent);
    }
  }

  private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(purpose);
    return cipher;
  }
}
