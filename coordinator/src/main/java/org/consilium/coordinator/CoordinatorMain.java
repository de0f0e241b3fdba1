package org.consilium.coordinator;

import org.consilium.coordinator.cli.CommandLines;

/** The program: {@code java -jar coordinator.jar}. */
public final class CoordinatorMain {
  private CoordinatorMain() {}

  /** Runs one command and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(CommandLines.run(arguments));
  }
}
