package org.consilium.sim.process;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** The services' jars, for tests on real processes. */
public final class Packaged {
  private Packaged() {}

  /** This copy of the product; skips the test, with the reason, where it was not packaged. */
  public static Installation installation() {
    try {
      return Installation.find(Map.of());
    } catch (IOException notPackaged) {
      Assumptions.abort("SKIP: " + notPackaged.getMessage());
      throw new IllegalStateException(notPackaged);
    }
  }
}
