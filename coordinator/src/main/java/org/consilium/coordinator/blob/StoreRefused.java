package org.consilium.coordinator.blob;

import java.io.IOException;

/** Store, key and journal do not belong together. Nothing was changed. */
public final class StoreRefused extends IOException {
  private static final long serialVersionUID = 1L;

  private final Why why;

  /** What does not fit. */
  public enum Why {
    /** The store is another journal's or has no name any more, or the key is another one. */
    OTHER_STORE("CS-STORE-002", "docs/operating/replicas.md says how they belong together"),
    /** A study's aggregation key is not the one that its certificate in the journal names. */
    OTHER_KEY("CS-STORE-003", "put the key of a backup in its place; docs/operating/backup.md");

    private final String code;
    private final String hint;

    Why(String code, String hint) {
      this.code = code;
      this.hint = hint;
    }

    /** Stable code. */
    public String code() {
      return code;
    }

    /** What to do. */
    public String hint() {
      return hint;
    }
  }

  /** Says which of them, by name. */
  public StoreRefused(Why why, String message) {
    super(message);
    this.why = why;
  }

  /** The same with what made it known. */
  public StoreRefused(Why why, String message, Throwable cause) {
    super(message, cause);
    this.why = why;
  }

  /** What does not fit. */
  public Why why() {
    return why;
  }
}
