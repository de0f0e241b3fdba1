package org.consilium.site;

/** A command that did not do what it was asked, in words for the person who typed it. */
final class Failure extends Exception {
  private static final long serialVersionUID = 1L;

  private final Kind kind;
  private final String hint;

  Failure(Kind kind, String message, String hint) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }

  /** Kinds of failure, each with its exit code and its stable code. */
  enum Kind {
    FAILED(1, "CS-NODE-001"),
    USAGE(2, "CS-USAGE-001"),
    CANNOT_CONNECT(3, "CS-NET-001"),
    NOT_ALLOWED(4, "CS-AUTH-001"),
    TIMED_OUT(5, "CS-TIME-001"),
    CLOCK(4, "CS-CLOCK-001"),
    CONFLICT(6, "CS-STATE-001"),
    BAD_POLICY(2, "CS-POLICY-001"),
    REFUSED_BY_POLICY(7, "CS-POLICY-002"),
    UNFIT_MODEL(1, "CS-MODEL-002"),
    UNFIT_REFERENCE(2, "CS-MODEL-003"),
    UNFIT_CHECKPOINT(1, "CS-MODEL-004"),
    AUDIT_REFUSED(1, "CS-AUDIT-004"),
    STATEMENT_REFUSED(1, "CS-PRIVACY-001"),
    LEDGER_SET_BACK(1, "CS-PRIVACY-002"),
    INTERNAL(70, "CS-INTERNAL-001");

    private final int exit;
    private final String code;

    Kind(int exit, String code) {
      this.exit = exit;
      this.code = code;
    }

    int exit() {
      return exit;
    }

    String code() {
      return code;
    }
  }

  Kind kind() {
    return kind;
  }

  /** What to do next; may be empty. */
  String hint() {
    return hint;
  }
}
