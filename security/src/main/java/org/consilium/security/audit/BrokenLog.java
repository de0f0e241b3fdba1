package org.consilium.security.audit;

import java.io.IOException;
import java.nio.file.Path;

/** The end of a chained log does not hold together, so nothing may be appended to it. */
public final class BrokenLog extends IOException {
  private static final long serialVersionUID = 1L;

  BrokenLog(Path file, String fault) {
    super("open log %s: %s; run an audit and start a new file".formatted(file, fault));
  }
}
