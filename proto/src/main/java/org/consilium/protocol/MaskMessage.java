package org.consilium.protocol;

import java.util.List;

/**
 * What a site says in the masking of one attempt (protocol CSA1, docs/PROTOCOL.md). Sites are
 * numbered by their place among the sorted participants, from 0. Byte arrays are handed over, not
 * copied: a message is built, signed or checked once.
 */
public sealed interface MaskMessage {
  /** X-Wing public key, bytes. */
  int PUBLIC_KEY_BYTES = 1216;

  /** X-Wing ciphertext, bytes. */
  int CIPHERTEXT_BYTES = 1120;

  /** Shares of 32 bytes each, encrypted, bytes. */
  int ENVELOPE_BYTES = 1208;

  /** A share or a salt, bytes. */
  int SHARE_BYTES = 32;

  /** The attempt that it belongs to. */
  Place place();

  /**
   * An attempt.
   *
   * @param context round context: binds all that is fixed in the attempt
   * @param round study and number
   * @param attempt from 1
   */
  record Place(Digest context, RoundId round, int attempt) {}

  /** Phase 1: what others encrypt to, and a commitment to the site's own mask. */
  record Keys(Place place, byte[] maskKey, byte[] shareKey, Digest selfCommitment)
      implements MaskMessage {
    public Keys {
      length("mask key", maskKey, PUBLIC_KEY_BYTES);
      length("share key", shareKey, PUBLIC_KEY_BYTES);
    }
  }

  /**
   * Phase 2: one site's shares for another.
   *
   * @param from number of the dealer
   * @param to number of the receiver
   * @param ciphertext of the pair's mask, from the lower number to the higher; else empty
   */
  record Parcel(
      Place place,
      int from,
      int to,
      byte[] envelope,
      byte[] ciphertext,
      Digest pairCommitment,
      Digest selfCommitment)
      implements MaskMessage {
    public Parcel {
      number("from", from);
      number("to", to);
      StudyPlan.check(from != to, "a parcel must go to another site", to);
      length("envelope", envelope, ENVELOPE_BYTES);
      length("ciphertext", ciphertext, from < to ? CIPHERTEXT_BYTES : 0);
    }
  }

  /** Phase 4: the site agrees that exactly these survived, with these uploads. */
  record Consent(Place place, Digest survivors) implements MaskMessage {}

  /** Phase 5: the shares that take the masks off the sum of exactly these survivors. */
  record Release(Place place, Digest survivors, List<Share> shares) implements MaskMessage {
    public Release {
      shares = List.copyOf(shares);
      StudyPlan.check(
          shares.size() <= Limits.PAIRED_PARTICIPANTS_MAX,
          "shares must be at most " + Limits.PAIRED_PARTICIPANTS_MAX,
          shares.size());
    }
  }

  /**
   * Instead of phase 3: what a dealer signed for this site does not do.
   *
   * @param dealer number of the dealer
   */
  record Complaint(Place place, int dealer, Why why) implements MaskMessage {
    public Complaint {
      number("dealer", dealer);
    }

    /** What is wrong with a parcel. */
    public enum Why {
      /** The envelope does not open, or holds no shares. */
      ENVELOPE,
      /** A share is not the one committed to. */
      COMMITMENT,
      /** The pair's ciphertext is not usable. */
      CIPHERTEXT
    }
  }

  /**
   * A released share.
   *
   * @param of number of the site whose secret it is a share of
   * @param pairKey of a dropped site's pair key; else of a survivor's own mask
   * @param salt opens the dealer's commitment; empty for a share of one's own secret
   */
  record Share(int of, boolean pairKey, byte[] share, byte[] salt) {
    public Share {
      number("of", of);
      // Another length is a bad share, whose giver is to be named: not a malformed message.
      StudyPlan.check(share.length <= 64, "share must be at most 64 bytes", share.length);
      StudyPlan.check(salt.length <= 64, "salt must be at most 64 bytes", salt.length);
    }
  }

  private static void number(String what, int site) {
    StudyPlan.check(
        site >= 0 && site < Limits.PAIRED_PARTICIPANTS_MAX,
        "%s must be 0-%d".formatted(what, Limits.PAIRED_PARTICIPANTS_MAX - 1),
        site);
  }

  private static void length(String what, byte[] bytes, int expected) {
    StudyPlan.check(
        bytes.length == expected, "%s must have %d bytes".formatted(what, expected), bytes.length);
  }
}
