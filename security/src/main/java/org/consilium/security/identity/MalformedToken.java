package org.consilium.security.identity;

/** A join token that cannot be used as it stands; the message says what to do about it. */
public final class MalformedToken extends Exception {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the text. */
  public enum Fault {
    /** It is some other text. */
    NOT_A_TOKEN,
    /** Its end is missing. */
    TRUNCATED,
    /** A character was changed. */
    ALTERED,
    /** Intact, but its content is not legal. */
    ILLEGAL
  }

  private final Fault fault;

  MalformedToken(Fault fault, String detail) {
    super("join token: " + detail);
    this.fault = fault;
  }

  /** What is wrong. */
  public Fault fault() {
    return fault;
  }
}
