package org.consilium.security.witness;

/** A checkpoint or a cosignature is not accepted. */
public final class CheckpointRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Why {
    /** Not a checkpoint of this version. */
    MALFORMED,
    /** The certificates behind the signature are not the consortium's, or not for this. */
    BAD_CHAIN,
    /** The key in the certificate did not sign it. */
    BAD_SIGNATURE,
    /** It speaks of another consortium's log. */
    OTHER_LOG,
    /** The log is shorter than it was: its end was cut off, or an old copy was put back. */
    SHORTER,
    /** The log was rewritten, or others are shown another one. */
    INCONSISTENT
  }

  private final Why why;

  /** A refusal with its detail, for people. */
  public CheckpointRefused(Why why, String detail) {
    super("audit checkpoint: " + detail);
    this.why = why;
  }

  /** The reason's kind. */
  public Why why() {
    return why;
  }
}
