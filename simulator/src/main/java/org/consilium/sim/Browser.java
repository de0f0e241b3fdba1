package org.consilium.sim;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Opens a file for a person who sits at a display. */
final class Browser {
  private Browser() {}

  static void open(Path file, Map<String, String> environment) {
    boolean mac = System.getProperty("os.name").startsWith("Mac");
    boolean display =
        environment.containsKey("DISPLAY") || environment.containsKey("WAYLAND_DISPLAY");
    if (!mac && !display) {
      return;
    }
    try {
      new ProcessBuilder(mac ? "open" : "xdg-open", file.toAbsolutePath().toString())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException noBrowser) {
      // The report's path was printed: whoever has no opener opens it by hand.
    }
  }
}
