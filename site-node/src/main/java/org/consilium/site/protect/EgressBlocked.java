package org.consilium.site.protect;

import org.consilium.site.policy.Why;

/**
 * The exit held a message. Thrown through the transport to whoever wanted to send; the message says
 * where it was held and is for the local log, {@link #why} is all that may leave.
 */
public final class EgressBlocked extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Why why;
  private final Step step;

  EgressBlocked(Step step, Why why, String detail) {
    super("%s: %s".formatted(step.word(), detail));
    this.step = step;
    this.why = why;
  }

  /** The steps of the exit, in order. */
  public enum Step {
    PAUSE,
    KIND,
    SCHEMA,
    SIZE,
    RATE,
    SMALL_CELL,
    PRIVACY_BUDGET,
    CANARY,
    POLICY,
    ANNOUNCEMENT;

    /** The word in the ledger and in metrics. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** What the coordinator may be told. */
  public Why why() {
    return why;
  }

  /** Where it was held. */
  public Step step() {
    return step;
  }
}
