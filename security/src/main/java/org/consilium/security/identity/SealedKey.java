package org.consilium.security.identity;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;

/**
 * A private key under a passphrase: PKCS#8 with PBES2, PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC
 * 8018), which openssl reads too.
 */
final class SealedKey {
  private static final String SUITE = "PBEWithHmacSHA256AndAES_256";
  private static final int ITERATIONS = 600_000;
  private static final int SALT_BYTES = 16;
  private static final int IV_BYTES = 16;

  private SealedKey() {}

  static byte[] seal(PrivateKey key, char[] passphrase, SecureRandom random) {
    byte[] salt = new byte[SALT_BYTES];
    byte[] iv = new byte[IV_BYTES];
    random.nextBytes(salt);
    random.nextBytes(iv);
    try {
      Cipher cipher = Cipher.getInstance(SUITE);
      cipher.init(
          Cipher.ENCRYPT_MODE,
          secret(passphrase),
          new PBEParameterSpec(salt, ITERATIONS, new IvParameterSpec(iv)));
      byte[] sealed = cipher.doFinal(key.getEncoded());
      return new EncryptedPrivateKeyInfo(cipher.getParameters(), sealed).getEncoded();
    } catch (GeneralSecurityException | IOException absent) {
      throw new IllegalStateException("every JDK has " + SUITE, absent);
    }
  }

  static PrivateKey open(byte[] der, char[] passphrase) throws IOException {
    byte[] plain = new byte[0];
    try {
      EncryptedPrivateKeyInfo sealed = new EncryptedPrivateKeyInfo(der);
      Cipher cipher = Cipher.getInstance(SUITE);
      cipher.init(Cipher.DECRYPT_MODE, secret(passphrase), sealed.getAlgParameters());
      plain = cipher.doFinal(sealed.getEncryptedData());
      return Pem.privateKey(List.of(new Pem.Block(Pem.PRIVATE_KEY, plain)));
    } catch (GeneralSecurityException wrong) {
      // the cause says nothing more, and never anything about the key
      throw new IOException("open the sealed key: the passphrase is wrong, or the file is damaged");
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  private static SecretKey secret(char[] passphrase) throws GeneralSecurityException {
    return SecretKeyFactory.getInstance(SUITE).generateSecret(new PBEKeySpec(passphrase));
  }
}
