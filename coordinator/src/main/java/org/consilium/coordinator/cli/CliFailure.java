package org.consilium.coordinator.cli;

/** A command that could not be done: a code, plain words, and what to do next. */
public final class CliFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** What the process exits with. */
  public enum Exit {
    FAILED(1),
    USAGE(2),
    CANNOT_CONNECT(3),
    NOT_ALLOWED(4),
    TIME_OUT(5),
    NOT_FOUND_OR_CONFLICT(6),
    SUCCEEDED(10), // by another coordinator, which leads now
    INTERNAL(70);

    private final int number;

    Exit(int number) {
      this.number = number;
    }

    /** The exit status. */
    public int number() {
      return number;
    }
  }

  private final Exit exit;
  private final String code;
  private final String hint;

  public CliFailure(Exit exit, String code, String message, String hint) {
    super(message);
    this.exit = exit;
    this.code = code;
    this.hint = hint;
  }

  /** The exit status. */
  public Exit exit() {
    return exit;
  }

  /** Stable code, for example CS-NET-001. */
  public String code() {
    return code;
  }

  /** What to do; may be empty. */
  public String hint() {
    return hint;
  }
}
