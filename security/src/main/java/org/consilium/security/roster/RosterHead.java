package org.consilium.security.roster;

import java.time.DateTimeException;
import java.time.Instant;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.RosterRefused.Why;

/**
 * Which version of the roster holds, said by the issuing authority at a time: of two histories that
 * persons could have signed, this one happened.
 *
 * @param version of the newest roster
 * @param digest of the newest roster
 * @param time whole seconds
 */
public record RosterHead(String trustDomain, long version, Fingerprint digest, Instant time) {
  /** Under what the authority's key signs a head. */
  public static final String LABEL = "consilium/v1/roster-head";

  private static final String MAGIC = "consilium-roster-head-1";

  /** Cuts the time to seconds. */
  public RosterHead {
    time = Instant.ofEpochSecond(time.getEpochSecond());
    if (version < 1) {
      throw new IllegalArgumentException("roster version " + version);
    }
  }

  /** The head of a roster. */
  public static RosterHead of(Roster roster, Instant time) {
    return new RosterHead(roster.trustDomain(), roster.version(), roster.digest(), time);
  }

  /** The canonical bytes. */
  public byte[] encoded() {
    return new Fields.Writer()
        .text(MAGIC)
        .text(trustDomain)
        .number(version)
        .bytes(digest.bytes())
        .number(time.getEpochSecond())
        .toBytes();
  }

  /** Reads what {@link #encoded} wrote. */
  public static RosterHead decode(byte[] bytes) throws RosterRefused {
    try {
      Fields.Reader in = new Fields.Reader(bytes);
      if (!in.text().equals(MAGIC)) {
        throw new IllegalArgumentException("it is not one");
      }
      RosterHead head =
          new RosterHead(
              in.text(),
              in.number(),
              new Fingerprint(in.bytes()),
              Instant.ofEpochSecond(in.number()));
      in.end();
      return head;
    } catch (IllegalArgumentException | DateTimeException illegal) {
      throw new RosterRefused(Why.MALFORMED, "read a roster's head: " + illegal.getMessage());
    }
  }
}
