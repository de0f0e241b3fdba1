package org.consilium.sim;

import java.io.Console;
import java.util.Map;
import java.util.Optional;

/** Whether a person watches. */
final class Terminal {
  private Terminal() {}

  /** On a terminal that can be painted over and is not told to be plain. */
  static boolean isOne() {
    Optional<Console> console = Optional.ofNullable(System.console());
    Map<String, String> environment = System.getenv();
    return console.filter(Console::isTerminal).isPresent()
        && !environment.containsKey("CI")
        && !environment.containsKey("NO_COLOR")
        && !"dumb".equals(environment.get("TERM"));
  }
}
