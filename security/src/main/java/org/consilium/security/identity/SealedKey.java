package org.consilium.security.identity;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;

/**
 * A private key under a passphrase: PKCS#8 with PBES2, PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC
 * 8018), which openssl reads too.
 */
final class SealedKey {
  private static final int ITERATIONS = 600_000;
  private static final int ITERATIONS_MAX = 10_000_000;
  private static final int SALT_BYTES = 16;
  private static final int IV_BYTES = 16;
  private static final int KEY_BYTES = 32;

  private SealedKey() {}

  static byte[] seal(PrivateKey key, char[] passphrase, SecureRandom random) {
    byte[] salt = new byte[SALT_BYTES];
    byte[] iv = new byte[IV_BYTES];
    random.nextBytes(salt);
    random.nextBytes(iv);
    PBES2Parameters how =
        new PBES2Parameters(
            new KeyDerivationFunc(
                PKCSObjectIdentifiers.id_PBKDF2,
                new PBKDF2Params(
                    salt,
                    ITERATIONS,
                    KEY_BYTES,
                    new AlgorithmIdentifier(
                        PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE))),
            new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
    byte[] plain = key.getEncoded();
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, passphrase, salt, ITERATIONS, iv).doFinal(plain);
      return new EncryptedPrivateKeyInfo(
              new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, how), sealed)
          .getEncoded();
    } catch (GeneralSecurityException | IOException absent) {
      throw new IllegalStateException("every JDK has PBKDF2 and AES", absent);
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  static PrivateKey open(byte[] der, char[] passphrase) throws IOException {
    byte[] plain = new byte[0];
    try {
      EncryptedPrivateKeyInfo sealed = EncryptedPrivateKeyInfo.getInstance(der);
      PBES2Parameters how =
          PBES2Parameters.getInstance(sealed.getEncryptionAlgorithm().getParameters());
      PBKDF2Params derivation =
          PBKDF2Params.getInstance(how.getKeyDerivationFunc().getParameters());
      int iterations = derivation.getIterationCount().intValueExact();
      if (iterations > ITERATIONS_MAX) {
        throw new IOException("open the sealed key: %d iterations".formatted(iterations));
      }
      byte[] iv =
          ASN1OctetString.getInstance(how.getEncryptionScheme().getParameters()).getOctets();
      plain =
          cipher(Cipher.DECRYPT_MODE, passphrase, derivation.getSalt(), iterations, iv)
              .doFinal(sealed.getEncryptedData());
      return Pem.privateKey(List.of(new Pem.Block(Pem.PRIVATE_KEY, plain)));
    } catch (GeneralSecurityException | IllegalArgumentException | ArithmeticException wrong) {
      // the cause says nothing more, and never anything about the key
      throw new IOException("open the sealed key: the passphrase is wrong, or the file is damaged");
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  private static Cipher cipher(int mode, char[] passphrase, byte[] salt, int iterations, byte[] iv)
      throws GeneralSecurityException {
    PBEKeySpec secret = new PBEKeySpec(passphrase, salt, iterations, KEY_BYTES * Byte.SIZE);
    byte[] key =
        SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(secret).getEncoded();
    try {
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
      cipher.init(mode, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
      return cipher;
    } finally {
      secret.clearPassword();
      Arrays.fill(key, (byte) 0);
    }
  }
}
