package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * What a site publishes first: its keys for one attempt. They may come from a stranger; {@link
 * #checkAll} refuses illegal ones.
 *
 * @param maskKey pkM, X-Wing, 1216 bytes: others agree on pair masks with it
 * @param shareKey pkS, X-Wing, 1216 bytes: others seal shares to it
 * @param selfCommitment to the secret b behind its self mask
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record MaskKeys(byte[] maskKey, byte[] shareKey, Fingerprint selfCommitment) {
  /** Length of either public key. */
  public static final int KEY_BYTES = PairKey.PUBLIC_BYTES;

  /** Copies. */
  public MaskKeys {
    maskKey = maskKey.clone();
    shareKey = shareKey.clone();
  }

  @Override
  public byte[] maskKey() {
    return maskKey.clone();
  }

  @Override
  public byte[] shareKey() {
    return shareKey.clone();
  }

  /**
   * Checks U1, the keys of all who take part: enough sites, numbers in range, every key usable and
   * none there twice.
   *
   * @param everyone by site number
   * @throws MaskRefused naming the site
   */
  public static void checkAll(MaskTerms terms, SortedMap<Integer, MaskKeys> everyone)
      throws MaskRefused {
    if (everyone.size() < terms.threshold()) {
      throw new MaskRefused(
          Why.TOO_FEW_SITES,
          "check mask keys: %d sites, at least %d".formatted(everyone.size(), terms.threshold()));
    }
    Map<Fingerprint, Integer> owners = new HashMap<>();
    for (Map.Entry<Integer, MaskKeys> entry : everyone.entrySet()) {
      int site = entry.getKey();
      terms.checkSite("check mask keys", site);
      for (byte[] key : new byte[][] {entry.getValue().maskKey, entry.getValue().shareKey}) {
        PairKey.checkPublicKey(site, key);
        Integer owner = owners.putIfAbsent(Fingerprint.sha256(key), site);
        if (owner != null) {
          throw new MaskRefused(
              Why.KEY_TWICE,
              site,
              "check mask keys: a key of site %d is one of site %d".formatted(site, owner));
        }
      }
    }
  }

  /**
   * Names U1 with all its keys: SHA-256 of "U1", the context, u32 number of sites and for each,
   * ascending, u32 site, both keys and the commitment.
   */
  static Fingerprint digest(MaskTerms terms, SortedMap<Integer, MaskKeys> everyone) {
    ByteBuffer entries =
        ByteBuffer.allocate(
            Integer.BYTES + everyone.size() * (Integer.BYTES + 2 * KEY_BYTES + Fingerprint.BYTES));
    entries.putInt(everyone.size());
    everyone.forEach(
        (site, keys) ->
            entries
                .putInt(site)
                .put(keys.maskKey)
                .put(keys.shareKey)
                .put(keys.selfCommitment.bytes()));
    return Fingerprint.sha256(Derivation.info("U1"), terms.context().bytes(), entries.array());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MaskKeys that
        && Arrays.equals(maskKey, that.maskKey)
        && Arrays.equals(shareKey, that.shareKey)
        && selfCommitment.equals(that.selfCommitment);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(maskKey) + Arrays.hashCode(shareKey);
  }

  @Override
  public String toString() {
    return "MaskKeys[%s, %s, %s]"
        .formatted(Fingerprint.sha256(maskKey), Fingerprint.sha256(shareKey), selfCommitment);
  }
}
