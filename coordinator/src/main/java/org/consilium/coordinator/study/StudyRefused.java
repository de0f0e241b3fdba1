package org.consilium.coordinator.study;

/** A command to a study that cannot be done; nothing was changed. */
public final class StudyRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, for programs. */
  public enum Why {
    NOT_FOUND,
    ALREADY_EXISTS,
    /** The study's state does not allow the command. */
    WRONG_STATE,
    /** The plan is not one that can run here. */
    ILLEGAL,
    /** The plan names a site that is not enrolled. */
    UNKNOWN_SITE
  }

  private final Why why;

  public StudyRefused(Why why, String message) {
    super(message);
    this.why = why;
  }

  /** Why. */
  public Why why() {
    return why;
  }
}
