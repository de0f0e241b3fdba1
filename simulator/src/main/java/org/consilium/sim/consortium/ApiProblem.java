package org.consilium.sim.consortium;

import java.io.IOException;

/** The coordinator answered a request with a refusal; the message says which and why. */
public final class ApiProblem extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  ApiProblem(int status, String message) {
    super(message);
    this.status = status;
  }

  /** HTTP status. */
  public int status() {
    return status;
  }
}
