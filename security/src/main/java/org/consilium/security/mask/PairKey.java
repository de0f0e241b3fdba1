package org.consilium.security.mask;

import java.security.MessageDigest;
import java.util.Arrays;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.recent.Recent;
import org.consilium.security.recent.Recent.Question;

/**
 * The key of one site in one attempt, from which it has a mask seed with every other site. All of
 * it follows from the site's secret k: whoever rebuilds k from shares finds the same public key,
 * ciphertexts and seeds, which is how the masks of a site that dropped out are taken off.
 *
 * <p>Of two sites the one with the lower number encapsulates to the other. Closing erases the
 * secret held here; the library's own copies are left to the garbage collector.
 */
public final class PairKey implements AutoCloseable {
  /** Length of the secret k. */
  public static final int SECRET_BYTES = Derivation.SECRET_BYTES;

  /** Length of the public key. */
  public static final int PUBLIC_BYTES = XWing.PUBLIC_BYTES;

  /** Length of a ciphertext. */
  public static final int CIPHERTEXT_BYTES = XWing.CIPHERTEXT_BYTES;

  /** Those of an attempt of the most sites, two a site, and of a few others. */
  private static final int REMEMBERED_MAX = 2048;

  private static final Recent<Boolean> USABLE = new Recent<>(REMEMBERED_MAX, _ -> {});

  private final Fingerprint context;
  private final int site;
  private final byte[] secret;
  private final XWing key;
  private boolean closed;

  private PairKey(Fingerprint context, int site, byte[] secret) {
    this.context = context;
    this.site = site;
    this.secret = secret.clone();
    byte[] seed = Derivation.maskKey(context, site, secret);
    this.key = new XWing(seed);
    Arrays.fill(seed, (byte) 0);
  }

  /**
   * What the site with the lower number makes.
   *
   * @param ciphertext for the other, 1120 bytes; handed over, not copied
   * @param seed of the pair's {@link MaskStream}, 32 bytes; handed over, not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared as a whole
  public record Encapsulated(byte[] ciphertext, byte[] seed) {}

  /**
   * The key of a site.
   *
   * @param context of the attempt
   * @param site its number, 0 to 127
   * @param secret k, 32 bytes, copied
   */
  public static PairKey of(Fingerprint context, int site, byte[] secret) {
    return new PairKey(context, site, secret);
  }

  /**
   * The key of a site that dropped out, from its rebuilt secret.
   *
   * @param signedPublicKey what the site had signed
   * @throws MaskRefused with {@link Why#OTHER_KEY} if a share was wrong
   */
  public static PairKey recover(
      Fingerprint context, int site, byte[] secret, byte[] signedPublicKey) throws MaskRefused {
    PairKey key = new PairKey(context, site, secret);
    if (!MessageDigest.isEqual(key.publicKey(), signedPublicKey)) {
      key.close();
      throw new MaskRefused(
          Why.OTHER_KEY,
          site,
          "recover the mask key of site %d: the shares give another public key than the signed one"
              .formatted(site));
    }
    return key;
  }

  /**
   * Refuses a public key that cannot be encapsulated to: wrong length, an ML-KEM half that is not
   * canonical, an X25519 half of low order. That takes an encapsulation, so the last good ones are
   * remembered.
   *
   * @param site whose it is; for the message
   */
  public static void checkPublicKey(int site, byte[] publicKey) throws MaskRefused {
    Question asked = Question.of(publicKey);
    if (USABLE.find(asked).isEmpty()) {
      var _ = XWing.encapsulate(site, publicKey, new byte[XWing.COINS_BYTES]);
      USABLE.put(asked, true);
    }
  }

  /** 1216 bytes, a copy. */
  public byte[] publicKey() {
    return key.publicKey();
  }

  /**
   * Agrees on a seed with a site of a higher number; the same again each time.
   *
   * @throws MaskRefused if the peer's key is not a usable one
   */
  public Encapsulated encapsulate(int peer, byte[] peerPublicKey) throws MaskRefused {
    checkOpen();
    if (peer <= site) {
      throw new IllegalArgumentException(
          "agree on a mask: site %d does not encapsulate to %d".formatted(site, peer));
    }
    byte[] coins = Derivation.coins(context, site, peer, secret);
    try {
      XWing.Shared shared = XWing.encapsulate(peer, peerPublicKey, coins);
      return new Encapsulated(shared.ciphertext(), seed(peer, shared.secret()));
    } finally {
      Arrays.fill(coins, (byte) 0);
    }
  }

  /**
   * The seed agreed on with a site of a lower number. From an altered ciphertext comes some other
   * seed, without an error.
   *
   * @return 32 bytes
   * @throws MaskRefused if the ciphertext is malformed
   */
  public byte[] decapsulate(int peer, byte[] ciphertext) throws MaskRefused {
    checkOpen();
    Derivation.checkSite(peer);
    if (peer >= site) {
      throw new IllegalArgumentException(
          "agree on a mask: site %d does not decapsulate from %d".formatted(site, peer));
    }
    return seed(peer, key.decapsulate(peer, ciphertext));
  }

  @Override
  public void close() {
    closed = true;
    Arrays.fill(secret, (byte) 0);
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "PairKey[site %d, %s]".formatted(site, Fingerprint.sha256(publicKey()));
  }

  private byte[] seed(int peer, byte[] shared) {
    try {
      return Derivation.pairSeed(context, site, peer, shared);
    } finally {
      Arrays.fill(shared, (byte) 0);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("pair key of site %d is closed".formatted(site));
    }
  }
}
