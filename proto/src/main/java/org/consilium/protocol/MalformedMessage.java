package org.consilium.protocol;

/** A message that cannot be decoded into a legal record; says which field and which numbers. */
public final class MalformedMessage extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MalformedMessage(String message) {
    super(message);
  }

  public MalformedMessage(String message, Throwable cause) {
    super(message, cause);
  }
}
