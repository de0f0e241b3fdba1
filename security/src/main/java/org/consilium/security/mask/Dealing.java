package org.consilium.security.mask;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.Shamir.Share;
import org.consilium.security.stream.Keystream;

/**
 * What a site deals out to the others: a function of its secrets and of U1, so it comes out the
 * same each time.
 *
 * @param parcels for every other site of U1
 * @param pairSeeds with every site of U1 of a higher number
 * @param ownPair its own share of its k
 * @param ownSelf its own share of its b
 */
record Dealing(
    SortedMap<Integer, Parcel> parcels,
    SortedMap<Integer, byte[]> pairSeeds,
    Share ownPair,
    Share ownSelf) {
  private static final byte[] NO_CIPHERTEXT = {};

  /**
   * Deals.
   *
   * @param everyone U1, checked
   */
  static Dealing of(
      MaskTerms terms,
      int site,
      MaskSecrets secrets,
      PairKey pairKey,
      SortedMap<Integer, MaskKeys> everyone)
      throws MaskRefused {
    List<Share> sharesK = shares(terms, site, "k", secrets.pair(), secrets.dealing());
    List<Share> sharesB = shares(terms, site, "b", secrets.self(), secrets.dealing());
    SortedMap<Integer, Parcel> parcels = new TreeMap<>();
    SortedMap<Integer, byte[]> seeds = new TreeMap<>();
    for (Map.Entry<Integer, MaskKeys> entry : everyone.entrySet()) {
      int peer = entry.getKey();
      if (peer == site) {
        continue;
      }
      byte[] ciphertext = NO_CIPHERTEXT;
      if (peer > site) {
        PairKey.Encapsulated made = pairKey.encapsulate(peer, entry.getValue().maskKey());
        ciphertext = made.ciphertext();
        seeds.put(peer, made.seed());
      }
      Envelope.Sealed sealed =
          sealed(
              terms.context(),
              site,
              peer,
              entry.getValue().shareKey(),
              secrets.dealing(),
              sharesK.get(peer).bytes(),
              sharesB.get(peer).bytes());
      parcels.put(
          peer,
          new Parcel(
              sealed.envelope(),
              ciphertext,
              sealed.content().pair().commitment(),
              sealed.content().self().commitment()));
      sealed.content().erase();
    }
    return new Dealing(parcels, seeds, sharesK.get(site), sharesB.get(site));
  }

  void erase() {
    pairSeeds.values().forEach(seed -> Arrays.fill(seed, (byte) 0));
  }

  /**
   * Refuses a parcel whose ciphertext is there when it should not be, or the other way round.
   *
   * @param dealer who made it
   */
  static void checkCiphertext(int dealer, int receiver, Parcel parcel) throws MaskRefused {
    int length = parcel.ciphertext().length;
    int expected = receiver > dealer ? Parcel.CIPHERTEXT_BYTES : 0;
    if (length != expected) {
      throw new MaskRefused(
          Why.CIPHERTEXT,
          dealer,
          "parcel of site %d to %d: a ciphertext of %d bytes, not %d"
              .formatted(dealer, receiver, length, expected));
    }
  }

  private static List<Share> shares(
      MaskTerms terms, int site, String name, byte[] secret, byte[] dealing) {
    byte[] key = Derivation.coefficients(terms.context(), site, name, dealing);
    Keystream stream = Keystream.of(key);
    List<byte[]> coefficients = new ArrayList<>();
    for (int degree = 1; degree < terms.threshold(); degree++) {
      byte[] coefficient = new byte[secret.length];
      stream.read(coefficient, 0, coefficient.length);
      coefficients.add(coefficient);
    }
    List<Share> shares = Shamir.split(secret, coefficients, terms.sites());
    coefficients.forEach(coefficient -> Arrays.fill(coefficient, (byte) 0));
    Arrays.fill(key, (byte) 0);
    Arrays.fill(secret, (byte) 0);
    Arrays.fill(dealing, (byte) 0);
    return shares;
  }

  @SuppressWarnings("TooManyParameters") // the letters of the formula
  private static Envelope.Sealed sealed(
      Fingerprint context,
      int site,
      int peer,
      byte[] shareKey,
      byte[] dealing,
      byte[] shareK,
      byte[] shareB)
      throws MaskRefused {
    byte[] coins = Derivation.envelopeCoins(context, site, peer, shareKey, dealing);
    try {
      return Envelope.seal(context, site, peer, shareKey, coins, shareK, shareB);
    } finally {
      Arrays.fill(coins, (byte) 0);
      Arrays.fill(dealing, (byte) 0);
    }
  }
}
