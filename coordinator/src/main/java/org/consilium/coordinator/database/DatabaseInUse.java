package org.consilium.coordinator.database;

import java.io.IOException;

/** Another process has an embedded database open. */
public final class DatabaseInUse extends IOException {
  private static final long serialVersionUID = 1L;

  DatabaseInUse(String message, Throwable cause) {
    super(message, cause);
  }
}
