package org.consilium.security.mask;

import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.SecretWithEncapsulation;
import org.bouncycastle.pqc.crypto.xwing.XWingKEMExtractor;
import org.bouncycastle.pqc.crypto.xwing.XWingKEMGenerator;
import org.bouncycastle.pqc.crypto.xwing.XWingPrivateKeyParameters;
import org.bouncycastle.pqc.crypto.xwing.XWingPublicKeyParameters;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * X-Wing (ML-KEM-768 with X25519, draft-connolly-cfrg-xwing-kem) with every bit of chance given:
 * the same seed gives the same key pair, the same coins the same ciphertext.
 */
final class XWing {
  static final int SEED_BYTES = 32;
  static final int COINS_BYTES = 64;
  static final int PUBLIC_BYTES = 1216;
  static final int CIPHERTEXT_BYTES = 1120;

  private final XWingPrivateKeyParameters key;

  /** The key pair of a seed of 32 bytes, copied. */
  XWing(byte[] seed) {
    if (seed.length != SEED_BYTES) {
      throw new IllegalArgumentException("X-Wing: seed of %d bytes, not 32".formatted(seed.length));
    }
    this.key = new XWingPrivateKeyParameters(seed.clone());
  }

  /** What an encapsulation yields: handed over, not copied. */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared as a whole
  record Shared(byte[] ciphertext, byte[] secret) {}

  byte[] publicKey() {
    return key.getPublicKeyParameters().getEncoded();
  }

  /** The pair as the library's HPKE takes it. */
  AsymmetricCipherKeyPair pair() {
    return new AsymmetricCipherKeyPair(key.getPublicKeyParameters(), key);
  }

  /**
   * The draft's EncapsulateDerand.
   *
   * @param site whose key it is; for the message
   * @param coins 64 bytes: 32 for ML-KEM, 32 for X25519
   */
  static Shared encapsulate(int site, byte[] publicKey, byte[] coins) throws MaskRefused {
    if (coins.length != COINS_BYTES) {
      throw new IllegalArgumentException("X-Wing: %d coins, not 64".formatted(coins.length));
    }
    if (publicKey.length != PUBLIC_BYTES) {
      throw unusableKey(site, publicKey);
    }
    Coins random = new Coins(coins);
    SecretWithEncapsulation made;
    try {
      made =
          new XWingKEMGenerator(random)
              .generateEncapsulated(new XWingPublicKeyParameters(publicKey));
    } catch (IllegalArgumentException | IllegalStateException unusable) {
      throw unusableKey(site, publicKey);
    }
    random.checkSpent();
    return new Shared(made.getEncapsulation(), made.getSecret());
  }

  /**
   * The shared secret in a ciphertext. One that was altered gives some other secret, without an
   * error, as ML-KEM is meant to.
   *
   * @param site who sent it; for the message
   */
  byte[] decapsulate(int site, byte[] ciphertext) throws MaskRefused {
    if (ciphertext.length == CIPHERTEXT_BYTES) {
      try {
        return new XWingKEMExtractor(key).extractSecret(ciphertext);
      } catch (IllegalArgumentException | IllegalStateException unusable) {
        // falls through to the one message
      }
    }
    throw new MaskRefused(
        Why.CIPHERTEXT,
        site,
        "agree with site %d: its ciphertext (%d bytes) is not usable"
            .formatted(site, ciphertext.length));
  }

  private static MaskRefused unusableKey(int site, byte[] publicKey) {
    return new MaskRefused(
        Why.PUBLIC_KEY,
        site,
        "agree with site %d: its mask key (%d bytes) is not usable"
            .formatted(site, publicKey.length));
  }

  /**
   * Gives out exactly the given bytes and then refuses. The library takes its chance from a {@link
   * SecureRandom} only, so this has to be one.
   */
  static final class Coins extends SecureRandom {
    private static final long serialVersionUID = 1L;

    private final byte[] coins;
    private int next;

    Coins(byte[] coins) {
      this.coins = coins.clone();
    }

    @Override
    public void nextBytes(byte[] bytes) {
      if (bytes.length > coins.length - next) {
        // of another kind than what the library throws at a bad key
        throw new UnsupportedOperationException(
            "X-Wing: %d coins asked for, %d are left".formatted(bytes.length, coins.length - next));
      }
      System.arraycopy(coins, next, bytes, 0, bytes.length);
      Arrays.fill(coins, next, next + bytes.length, (byte) 0);
      next += bytes.length;
    }

    @Override
    public byte[] generateSeed(int length) {
      throw new UnsupportedOperationException("X-Wing: a seed was asked for");
    }

    void checkSpent() {
      if (next != coins.length) {
        throw new IllegalStateException(
            "X-Wing: %d of %d coins used".formatted(next, coins.length));
      }
    }
  }
}
