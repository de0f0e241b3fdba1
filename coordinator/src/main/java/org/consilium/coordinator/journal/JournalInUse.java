package org.consilium.coordinator.journal;

import java.io.IOException;

/** Another process has the journal open. */
public final class JournalInUse extends IOException {
  private static final long serialVersionUID = 1L;

  JournalInUse(String message, Throwable cause) {
    super(message, cause);
  }
}
