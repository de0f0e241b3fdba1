package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.util.SortedMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * What one attempt at masking is bound to. A site's number is its place, from 0, among the
 * attempt's sorted participants.
 *
 * @param context the round context's digest, another for every attempt
 * @param sites n, 3 to 128
 * @param threshold t: so many shares rebuild a secret, so many signatures fix the survivors; {@link
 *     #threshold} to n
 * @param survivorsMin m: least number of vectors in a sum, 3 to n
 */
public record MaskTerms(Fingerprint context, int sites, int threshold, int survivorsMin) {
  /** Fewest sites: of a sum of two, each knows the other's part. */
  public static final int SITES_MIN = 3;

  /** Most sites: every two agree on a mask. */
  public static final int SITES_MAX = 128;

  private static final int SURVIVORS_MIN = 3;

  /** Refuses numbers out of range. */
  public MaskTerms {
    checkSites(sites);
    if (threshold < threshold(sites) || threshold > sites) {
      throw new IllegalArgumentException(
          "masking: threshold %d of %d sites, at least %d"
              .formatted(threshold, sites, threshold(sites)));
    }
    if (survivorsMin < SURVIVORS_MIN || survivorsMin > sites) {
      throw new IllegalArgumentException(
          "masking: at least %d survivors of %d sites, 3 to %d"
              .formatted(survivorsMin, sites, sites));
    }
  }

  /** With the usual t and m for n sites: m = max(t, 3). */
  public static MaskTerms of(Fingerprint context, int sites) {
    int threshold = threshold(sites);
    return new MaskTerms(context, sites, threshold, Math.max(threshold, SURVIVORS_MIN));
  }

  /** ⌊2n/3⌋ + 1. */
  public static int threshold(int sites) {
    checkSites(sites);
    return 2 * sites / 3 + 1;
  }

  /** Least number of survivors: max(t, m). */
  public int quorum() {
    return Math.max(threshold, survivorsMin);
  }

  /**
   * H(U3, roots), which a site signs once in a round: SHA-256 of "U3", the context, u32 number of
   * survivors and for each, ascending, u32 site and the digest of its upload.
   *
   * @param accepted the digest of every survivor's upload, by site number
   */
  public Fingerprint survivorsDigest(SortedMap<Integer, Fingerprint> accepted) {
    ByteBuffer entries =
        ByteBuffer.allocate(Integer.BYTES + accepted.size() * (Integer.BYTES + Fingerprint.BYTES));
    entries.putInt(accepted.size());
    accepted.forEach((site, upload) -> entries.putInt(site).put(upload.bytes()));
    return Fingerprint.sha256(Derivation.info("U3"), context.bytes(), entries.array());
  }

  /** Refuses a stranger's site number. */
  void checkSite(String step, int site) throws MaskRefused {
    if (site < 0 || site >= sites) {
      throw new MaskRefused(
          Why.UNKNOWN_SITE, site, "%s: site number %d, 0 to %d".formatted(step, site, sites - 1));
    }
  }

  private static void checkSites(int sites) {
    if (sites < SITES_MIN || sites > SITES_MAX) {
      throw new IllegalArgumentException(
          "masking: %d sites, %d to %d".formatted(sites, SITES_MIN, SITES_MAX));
    }
  }
}
