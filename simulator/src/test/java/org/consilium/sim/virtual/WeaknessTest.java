package org.consilium.sim.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import org.consilium.sim.virtual.ConsortiumSim.Outcome;
import org.consilium.sim.virtual.history.Invariant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checker is no decoration: a product that is broken on purpose is found, by name. */
final class WeaknessTest {
  private static final Logger PRODUCT = Logger.getLogger("org.consilium");
  private static final int SEEDS = 40;
  private static final ConsortiumSim SIM = new ConsortiumSim();

  @BeforeAll
  static void quiet() {
    PRODUCT.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    PRODUCT.setLevel(null);
  }

  @ParameterizedTest
  @CsvSource({
    "ACKNOWLEDGES_EARLY, I1, SEALED",
    "FORGETS_TO_FORCE, I1, SEALED",
    "SITE_FORGETS_TO_FORCE, I2, SEALED",
    "SITE_FORGETS_TO_FORCE, I6, MASKED",
    "SITE_FORGETS_NAMES, I2, SEALED",
    "COUNTS_TWICE, I2, SEALED",
    "LEAVES_ONE_OUT, I3, SEALED",
    "REUSES_ROUNDS, I4, SEALED",
    "REWRITES_HISTORY, I5, SEALED",
    "SEALS_ANEW, I2, SEALED",
    "NEVER_WAKES, I9, SEALED",
    "SIGNS_TWICE, I6, MASKED",
  })
  void brokenVariant_isFound_byItsInvariant(
      Weakness weakness, Invariant invariant, Shape.Mode mode) {
    Shape shape = new Shape(mode, 4, 2, 16);

    Optional<Outcome> found =
        LongStream.rangeClosed(1, SEEDS)
            .mapToObj(seed -> SIM.run(shape, seed, weakness))
            .filter(o -> o.violations().stream().anyMatch(v -> v.invariant() == invariant))
            .findFirst();

    assertThat(found).as("%s in %d seeds", weakness, SEEDS).isPresent();
    // The same seed of the product as it is.
    Outcome whole = SIM.run(shape, found.get().seed(), Weakness.NONE);
    assertThat(whole.violations()).as("seed %d without it", whole.seed()).isEmpty();
  }
}
