package org.consilium.coordinator.issuing;

import org.consilium.coordinator.cli.CommandLines;

/** The issuing authority's program: {@code java -cp coordinator.jar} and this class. */
public final class CaMain {
  private CaMain() {}

  /** Runs one command and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(CommandLines.run(new CaCommands(), arguments));
  }
}
