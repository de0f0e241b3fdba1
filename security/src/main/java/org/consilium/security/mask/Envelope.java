package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * A dealer's two shares on their way to one site: HPKE in base mode (RFC 9180) with X-Wing,
 * HKDF-SHA256 and AES-256-GCM; info = "share" ‖ dealer ‖ receiver, aad = round context, plain text
 * = each share after its length as u32 big-endian. The salts of the shares' commitments are exports
 * of the same HPKE context, so both ends know them and nobody else does. Secrets: its text shows
 * none.
 */
final class Envelope {
  private static final int SHARE_BYTES = Derivation.SECRET_BYTES;
  private static final int PLAIN_BYTES = 2 * (Integer.BYTES + SHARE_BYTES);
  private static final int TAG_BYTES = 16;
  private static final int SALT_BYTES = 32;
  static final int BYTES = XWing.CIPHERTEXT_BYTES + PLAIN_BYTES + TAG_BYTES;

  private static final byte[] SALT_K = "salt-k".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SALT_B = "salt-b".getBytes(StandardCharsets.US_ASCII);

  private Envelope() {}

  /** A share and the salt of its commitment. */
  static final class Salted {
    private final byte[] share;
    private final byte[] salt;

    private Salted(byte[] share, byte[] salt) {
      this.share = share;
      this.salt = salt;
    }

    byte[] share() {
      return share.clone();
    }

    byte[] salt() {
      return salt.clone();
    }

    Fingerprint commitment() {
      return Derivation.shareCommitment(share, salt);
    }

    void erase() {
      Arrays.fill(share, (byte) 0);
      Arrays.fill(salt, (byte) 0);
    }
  }

  /** The shares of the dealer's k and b. */
  record Content(Salted pair, Salted self) {
    Salted of(ReleasedShare.Kind kind) {
      return switch (kind) {
        case SELF_MASK -> self;
        case PAIR_KEY -> pair;
      };
    }

    void erase() {
      pair.erase();
      self.erase();
    }
  }

  /** An envelope and what its receiver will find. */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared as a whole
  record Sealed(byte[] envelope, Content content) {}

  /**
   * Seals two shares.
   *
   * @param publicKey of the receiver, a checked one
   * @param coins 64 bytes, all the chance in it
   */
  @SuppressWarnings("TooManyParameters") // the letters of the formula
  static Sealed seal(
      Fingerprint context,
      int dealer,
      int receiver,
      byte[] publicKey,
      byte[] coins,
      byte[] shareK,
      byte[] shareB)
      throws MaskRefused {
    HPKE hpke = hpke();
    HPKEContextWithEncapsulation agreed;
    try {
      agreed = hpke.setupBaseS(hpke.deserializePublicKey(publicKey), info(dealer, receiver), coins);
    } catch (IllegalArgumentException | IllegalStateException unusable) {
      throw new MaskRefused(
          Why.PUBLIC_KEY,
          receiver,
          "seal shares for site %d: its share key (%d bytes) is not usable"
              .formatted(receiver, publicKey.length));
    }
    byte[] plain =
        ByteBuffer.allocate(PLAIN_BYTES)
            .putInt(SHARE_BYTES)
            .put(shareK)
            .putInt(SHARE_BYTES)
            .put(shareB)
            .array();
    try {
      byte[] sealed = agreed.seal(context.bytes(), plain);
      byte[] envelope =
          ByteBuffer.allocate(BYTES).put(agreed.getEncapsulation()).put(sealed).array();
      return new Sealed(envelope, content(agreed, shareK.clone(), shareB.clone()));
    } catch (InvalidCipherTextException impossible) {
      throw new IllegalStateException("seal shares for site " + receiver, impossible);
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  /**
   * Opens an envelope.
   *
   * @param key of the receiver
   * @throws MaskRefused naming the dealer
   */
  static Content open(Fingerprint context, int dealer, int receiver, XWing key, byte[] envelope)
      throws MaskRefused {
    if (envelope.length != BYTES) {
      throw refused(dealer, "%d bytes, not %d".formatted(envelope.length, BYTES));
    }
    HPKEContext agreed;
    byte[] plain;
    try {
      agreed =
          hpke()
              .setupBaseR(
                  Arrays.copyOf(envelope, XWing.CIPHERTEXT_BYTES),
                  key.pair(),
                  info(dealer, receiver));
      plain =
          agreed.open(context.bytes(), Arrays.copyOfRange(envelope, XWing.CIPHERTEXT_BYTES, BYTES));
    } catch (InvalidCipherTextException | IllegalArgumentException | IllegalStateException bad) {
      throw refused(dealer, "it does not open");
    }
    ByteBuffer shares = ByteBuffer.wrap(plain);
    try {
      return content(agreed, share(dealer, shares), share(dealer, shares));
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  private static byte[] share(int dealer, ByteBuffer shares) throws MaskRefused {
    int length = shares.getInt();
    if (length != SHARE_BYTES) {
      throw refused(dealer, "a share of %d bytes, not %d".formatted(length, SHARE_BYTES));
    }
    byte[] share = new byte[SHARE_BYTES];
    shares.get(share);
    return share;
  }

  private static Content content(HPKEContext agreed, byte[] shareK, byte[] shareB) {
    return new Content(
        new Salted(shareK, agreed.export(SALT_K, SALT_BYTES)),
        new Salted(shareB, agreed.export(SALT_B, SALT_BYTES)));
  }

  private static MaskRefused refused(int dealer, String detail) {
    return new MaskRefused(
        Why.ENVELOPE, dealer, "open the envelope of site %d: %s".formatted(dealer, detail));
  }

  private static HPKE hpke() {
    return new HPKE(HPKE.mode_base, HPKE.kem_X_WING, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
  }

  private static byte[] info(int dealer, int receiver) {
    return Derivation.info("share", dealer, receiver);
  }
}
