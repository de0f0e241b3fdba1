package org.consilium.security.roster;

import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.RosterRefused.Why;

/**
 * What persons sign: one act on one subject, once, before it ends. All signers sign the same bytes;
 * the proposer is the first of them.
 *
 * @param trustDomain the consortium; a motion of another is refused
 * @param subject a site, a person, or a study and round
 * @param detail what the act needs beside its subject: a person's line, a token's digest and end,
 *     or two key digests; at most 1 KiB (for {@link Act#FOUND}: the roster)
 * @param proposer a person's name
 * @param expiry whole seconds; no signature counts from here on
 * @param nonce 16 bytes by chance: no motion is carried twice
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record Motion(
    String trustDomain,
    Act act,
    String subject,
    byte[] detail,
    String proposer,
    Instant expiry,
    byte[] nonce) {
  /** Under what a person's key signs a motion. */
  public static final String LABEL = "consilium/v1/motion";

  /** Longest encoding. */
  public static final int BYTES_MAX = 64 << 10;

  private static final String MAGIC = "consilium-motion-1";
  private static final int NONCE_BYTES = 16;
  private static final int DETAIL_BYTES_MAX = 1 << 10;
  private static final Pattern SUBJECT = Pattern.compile("[a-z0-9][a-z0-9./@-]{0,119}");

  /** Refuses illegal parts. */
  public Motion {
    if (!SUBJECT.matcher(subject).matches()) {
      throw new IllegalArgumentException("a motion's subject must be 1-120 of [a-z0-9./@-]");
    }
    Person.checkName(proposer);
    int detailMax = act == Act.FOUND ? BYTES_MAX / 2 : DETAIL_BYTES_MAX;
    if (detail.length > detailMax || nonce.length != NONCE_BYTES) {
      throw new IllegalArgumentException(
          "motion: %d bytes of detail, at most %d; nonce of %d bytes, not %d"
              .formatted(detail.length, detailMax, nonce.length, NONCE_BYTES));
    }
    detail = detail.clone();
    nonce = nonce.clone();
    expiry = Instant.ofEpochSecond(expiry.getEpochSecond());
  }

  /**
   * How long a new motion may be signed, and where its nonce comes from.
   *
   * @param expiry at most 14 days away
   */
  public record Terms(Instant expiry, SecureRandom random) {}

  /** A new motion. */
  public static Motion propose(
      String trustDomain, Act act, String subject, byte[] detail, PersonKey proposer, Terms terms) {
    byte[] nonce = new byte[NONCE_BYTES];
    terms.random().nextBytes(nonce);
    return new Motion(trustDomain, act, subject, detail, proposer.name(), terms.expiry(), nonce);
  }

  /** Reads what {@link #encoded} wrote, and nothing else. */
  public static Motion decode(byte[] bytes) throws RosterRefused {
    try {
      if (bytes.length > BYTES_MAX) {
        throw new IllegalArgumentException(
            "%d bytes, at most %d".formatted(bytes.length, BYTES_MAX));
      }
      Fields.Reader in = new Fields.Reader(bytes);
      if (!in.text().equals(MAGIC)) {
        throw new IllegalArgumentException("it is not a motion");
      }
      Motion motion =
          new Motion(
              in.text(),
              Act.valueOf(in.text()),
              in.text(),
              in.bytes(),
              in.text(),
              Instant.ofEpochSecond(in.number()),
              in.bytes());
      in.end();
      return motion;
    } catch (IllegalArgumentException | DateTimeException illegal) {
      throw new RosterRefused(Why.MALFORMED, "read a motion: " + illegal.getMessage());
    }
  }

  /** The canonical bytes. */
  public byte[] encoded() {
    return new Fields.Writer()
        .text(MAGIC)
        .text(trustDomain)
        .text(act.name())
        .text(subject)
        .bytes(detail)
        .text(proposer)
        .number(expiry.getEpochSecond())
        .bytes(nonce)
        .toBytes();
  }

  /** SHA-256 of the canonical bytes. */
  public Fingerprint id() {
    return Fingerprint.sha256(encoded());
  }

  @Override
  public byte[] detail() {
    return detail.clone();
  }

  @Override
  public byte[] nonce() {
    return nonce.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Motion that && Arrays.equals(encoded(), that.encoded());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(nonce);
  }

  @Override
  public String toString() {
    return "%s %s proposed by %s".formatted(act, subject, proposer);
  }
}
