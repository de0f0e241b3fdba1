package org.consilium.coordinator.database;

import java.io.IOException;

/** Another coordinator leads now, or this one could not say in time that it still does. */
public final class LeaseLost extends IOException {
  private static final long serialVersionUID = 1L;

  /** Says which lease is over. */
  public LeaseLost(String message) {
    super(message);
  }
}
