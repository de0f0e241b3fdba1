package org.consilium.coordinator.consortium;

import java.io.IOException;

/** The issuing authority does not answer; what needs it has to wait. */
public final class AuthorityUnreachable extends IOException {
  private static final long serialVersionUID = 1L;

  public AuthorityUnreachable(String message, Throwable cause) {
    super(message, cause);
  }
}
