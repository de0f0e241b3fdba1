package org.consilium.models.engine;

import java.io.IOException;

/**
 * The engine cannot be had as asked: its library, its device or its memory. The message is for
 * people.
 */
public final class EngineUnavailable extends IOException {
  private static final long serialVersionUID = 1L;

  EngineUnavailable(String message) {
    super(message);
  }

  EngineUnavailable(String message, Throwable cause) {
    super(message, cause);
  }
}
