package org.consilium.site.ledger;

import org.consilium.protocol.Digest;

/**
 * One message that is about to leave.
 *
 * @param kind what it is
 * @param study name of the study, empty when there is none
 * @param round round number, 0 when there is none
 * @param bytes length
 * @param sha256 digest of what leaves; of the manifest, which names every chunk, for an update
 * @param readers who can read it
 * @param norm L2 norm of an update, else 0
 */
public record EgressEntry(
    Kind kind, String study, int round, long bytes, Digest sha256, String readers, double norm) {

  /** Something that did not leave: as much of it as may be written down. */
  public record Blocked(String study, int round, long bytes, Digest sha256) {}

  /**
   * The kinds of message that a site ever sends; a kind that is not here cannot leave. Each has its
   * largest message in bytes, the most messages a minute, the protection mode that its study must
   * have, and whether each message has a line of its own. What a message of the kind may hold is
   * its schema, in {@code org.consilium.site.protect}.
   */
  public enum Kind {
    ENROL_REQUEST("enrol-request", 32 << 10, 60, Mode.ANY, Line.EACH),
    /** A request for a successor of the node's certificate: a public key and the node's name. */
    RENEW_REQUEST("renew-request", 32 << 10, 60, Mode.ANY, Line.EACH),
    /** Versions that this node speaks. */
    CAPABILITY("capability", 256, 600, Mode.ANY, Line.COUNTED),
    /** Written once a session: how many pings and progress notes it sent, which hold no data. */
    HEARTBEATS("heartbeats", 512, 3000, Mode.ANY, Line.COUNTED),
    /** The last checkpoint that was found right, as the coordinator signed it; counted as well. */
    AUDIT_STATE("audit-state", 8 << 10, 600, Mode.ANY, Line.COUNTED),
    /** Asks for a model or an answer by digests and numbers; counted with the heartbeats. */
    REQUEST("request", 512, 6000, Mode.ANY, Line.COUNTED),
    DECISION("decision", 512, 1200, Mode.ANY, Line.EACH),
    /** A refusal or failure as a word of a fixed list. */
    TYPED_ERROR("typed-error", 512, 1200, Mode.ANY, Line.EACH),
    /** That the hospital's hours for a study are over, and when they begin, to the hour. */
    HOURS("hours", 512, 240, Mode.ANY, Line.EACH),
    MANIFEST("manifest", 512 << 10, 240, Mode.ANY, Line.EACH),
    /** A chunk of an update; its line is written for many chunks, before the first of them. */
    UPDATE("update", (1 << 20) + 256, 1_000_000, Mode.SEALED, Line.ANNOUNCED),
    MASKED_UPDATE("masked-update", (1 << 20) + 256, 1_000_000, Mode.MASKED, Line.ANNOUNCED),
    KEYS("keys", 8 << 10, 240, Mode.MASKED, Line.EACH),
    SHARES("shares", 512 << 10, 240, Mode.MASKED, Line.EACH),
    U3_SIGNATURE("u3-signature", 1 << 10, 240, Mode.MASKED, Line.EACH),
    UNMASK_SHARES("unmask-shares", 64 << 10, 240, Mode.MASKED, Line.EACH),
    /** That what another site dealt does not do, as a word of a fixed list. */
    COMPLAINT("complaint", 1 << 10, 240, Mode.MASKED, Line.EACH),
    /** Released measures. */
    REPORT("report", 16 << 10, 240, Mode.ANY, Line.EACH),
    COHORT_COUNT("cohort-count", 512, 60, Mode.ANY, Line.EACH),
    /** The word that the coordinator's audit log continues what this site saw: hashes only. */
    AUDIT_COSIGN("audit-cosign", 8 << 10, 240, Mode.ANY, Line.EACH);

    /** The protection mode that the study must have. */
    public enum Mode {
      ANY,
      SEALED,
      MASKED
    }

    /** Where a message is found again in the ledger. */
    public enum Line {
      /** It has a line of its own. */
      EACH,
      /** A line before it speaks for it and others. */
      ANNOUNCED,
      /** The session's last line counts it. */
      COUNTED
    }

    private final String word;
    private final int bytesMax;
    private final int minuteMax;
    private final Mode mode;
    private final Line line;

    Kind(String word, int bytesMax, int minuteMax, Mode mode, Line line) {
      this.word = word;
      this.bytesMax = bytesMax;
      this.minuteMax = minuteMax;
      this.mode = mode;
      this.line = line;
    }

    /** The word in the file and in metrics. */
    public String word() {
      return word;
    }

    /** Most bytes of one message. */
    public int bytesMax() {
      return bytesMax;
    }

    /** Most messages in a minute. */
    public int minuteMax() {
      return minuteMax;
    }

    /** The protection mode that the study must have. */
    public Mode mode() {
      return mode;
    }

    /** Where a message is found again in the ledger. */
    public Line line() {
      return line;
    }
  }
}
