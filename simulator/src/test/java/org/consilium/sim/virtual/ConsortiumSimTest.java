package org.consilium.sim.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.sim.virtual.ConsortiumSim.Outcome;
import org.consilium.sim.virtual.SeedSweep.Summary;
import org.consilium.sim.virtual.fault.Fault;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ConsortiumSimTest {
  private static final int PARAMETERS = 32;

  @ParameterizedTest
  @EnumSource(Shape.Mode.class)
  void undisturbed_everyRound_publishesAndHolds(Shape.Mode mode) {
    Outcome outcome = new ConsortiumSim().undisturbed(new Shape(mode, 4, 3, PARAMETERS), 1);

    assertThat(outcome.violations()).isEmpty();
    assertThat(outcome.published()).isEqualTo(3);
    assertThat(outcome.faults()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Shape.Mode.class)
  void undisturbed_anyOrderOfArrival_sameVersion(Shape.Mode mode) {
    ConsortiumSim sim = new ConsortiumSim();
    Shape shape = new Shape(mode, 4, 2, PARAMETERS);

    Outcome one = sim.undisturbed(shape, 1);
    Outcome other = sim.undisturbed(shape, 2);

    assertThat(other.story()).isNotEqualTo(one.story());
    assertThat(other.last()).isEqualTo(one.last()).isPresent();
  }

  @ParameterizedTest
  @EnumSource(Shape.Mode.class)
  void run_sameSeedTwice_sameHistory(Shape.Mode mode) {
    Shape shape = new Shape(mode, 4, 2, PARAMETERS);
    Shapes.Choice choice = Shapes.Choice.valueOf(mode.name());
    for (long seed = 1; seed <= 6; seed++) {
      Outcome one = new SeedSweep(new Shapes(choice, 4, 2), () -> 0).told(seed);
      Outcome two = new SeedSweep(new Shapes(choice, 4, 2), () -> 0).told(seed);

      assertThat(one.shape().mode()).isEqualTo(shape.mode());
      assertThat(two.lines()).as("seed %d", seed).isEqualTo(one.lines()).isNotEmpty();
      assertThat(two.story()).isEqualTo(one.story());
      assertThat(two.last()).isEqualTo(one.last());
      assertThat(two.faults()).isEqualTo(one.faults());
    }
  }

  @Test
  void f1toF6F8toF10_someHundredSeeds_keepI1toI6AndI9() {
    SeedSweep sweep = new SeedSweep(new Shapes(Shapes.Choice.BOTH, 4, 2), System::nanoTime);

    Summary summary = sweep.run(1_000, 200, 2, Duration.ofDays(1));

    assertThat(summary.failures()).as("replay: consilium simulate --sites 4 --rounds 2").isEmpty();
    assertThat(summary.masked()).isGreaterThanOrEqualTo(12);
    assertThat(summary.rounds()).isGreaterThan(350);
  }

  @Tag("slow")
  @Test
  void f1toF6F8toF10_seedsOfTenSites_keepI1toI6AndI9() {
    SeedSweep sweep = new SeedSweep(new Shapes(Shapes.Choice.BOTH, 10, 2), System::nanoTime);

    Summary summary =
        sweep.run(1, 400, Runtime.getRuntime().availableProcessors(), Duration.ofDays(1));

    System.out.printf(
        "%d seeds, %d rounds, %.1f seeds a second%n%s%n",
        summary.seeds(), summary.rounds(), summary.rate(), summary.faults());
    assertThat(summary.failures())
        .as("replay: consilium simulate --rounds 2 --seeds 1 --story --first-seed SEED")
        .isEmpty();
    assertThat(summary.seeds()).isEqualTo(400);
    assertThat(summary.faults().keySet())
        .as("kinds of fault that struck")
        .containsExactlyInAnyOrder(Fault.values());
  }

  @Test
  void run_timeIsOver_beginsNoMore() {
    AtomicLong seconds = new AtomicLong();
    SeedSweep sweep =
        new SeedSweep(
            new Shapes(Shapes.Choice.SEALED, 3, 1),
            () -> seconds.getAndIncrement() * 1_000_000_000);

    Summary summary = sweep.run(1, 100, 1, Duration.ofSeconds(4));

    assertThat(summary.seeds()).isEqualTo(3); // the clock is read once at first and before each
  }
}
