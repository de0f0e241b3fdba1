package org.consilium.sim.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.consilium.sim.virtual.ConsortiumSim.Outcome;
import org.consilium.sim.virtual.fault.Fault;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rows of the fault matrix, each alone and many times as often as in a swarm of faults. */
final class FaultMatrixTest {
  private static final Logger PRODUCT = Logger.getLogger("org.consilium");
  private static final ConsortiumSim SIM = new ConsortiumSim();
  private static final Shape SEALED = new Shape(Shape.Mode.SEALED, 4, 2, 16);
  private static final Shape CARRYING = new Shape(Shape.Mode.CARRYING, 4, 4, 16);
  private static final Shape MASKED = new Shape(Shape.Mode.MASKED, 4, 2, 16);

  @BeforeAll
  static void quiet() {
    PRODUCT.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    PRODUCT.setLevel(null);
  }

  @Test
  void f1_coordinatorDiesAroundAppendsAndFiles_keepsI1toI5() {
    holds(
        SEALED,
        12,
        8,
        EnumSet.of(
            Fault.COORDINATOR_DIES_BEFORE_APPEND,
            Fault.COORDINATOR_DIES_AFTER_APPEND,
            Fault.COORDINATOR_DIES_AT_WRITE,
            Fault.COORDINATOR_DIES_AT_FORCE,
            Fault.COORDINATOR_DIES_AT_RENAME,
            Fault.COORDINATOR_DIES_BEFORE_ANSWER,
            Fault.POWER_LOST));
  }

  @Test
  void f1_coordinatorDiesInMasking_keepsI6() {
    holds(
        MASKED,
        4,
        8,
        EnumSet.of(
            Fault.COORDINATOR_DIES_BEFORE_APPEND,
            Fault.COORDINATOR_DIES_AFTER_APPEND,
            Fault.COORDINATOR_DIES_AT_RENAME,
            Fault.POWER_LOST));
  }

  @Test
  void f2_siteDiesAtItsDisk_sealedResendsTheSameBytes() {
    holds(
        SEALED,
        12,
        10,
        EnumSet.of(
            Fault.SITE_DIES_AT_DISK,
            Fault.SITE_DIES_BEFORE_SEND,
            Fault.SITE_DIES_AFTER_SEND,
            Fault.SITE_DIES_IN_TRAINING,
            Fault.POWER_LOST));
  }

  @Test
  void f2_siteDiesAtItsDisk_maskedSignsOneSet() {
    holds(
        MASKED,
        4,
        6,
        EnumSet.of(
            Fault.SITE_DIES_AT_DISK,
            Fault.SITE_DIES_BEFORE_SEND,
            Fault.SITE_DIES_AFTER_SEND,
            Fault.POWER_LOST));
  }

  @Test
  void f3_sitesGoneForGood_keepsI3I9() {
    holds(SEALED, 12, 60, EnumSet.of(Fault.SITE_GONE));
    holds(MASKED, 4, 60, EnumSet.of(Fault.SITE_GONE));
  }

  @Test
  void f4_partitionsBothWaysAndOne_keepsI1I9() {
    holds(SEALED, 12, 8, EnumSet.of(Fault.PARTITION, Fault.ONE_WAY));
    holds(MASKED, 4, 8, EnumSet.of(Fault.PARTITION, Fault.ONE_WAY));
  }

  @Test
  void f9_slowSites_keepsI3I9() {
    holds(SEALED, 12, 10, EnumSet.of(Fault.STRAGGLER));
  }

  @Test
  void f2f4f9_lateUpdatesThatAreCarried_areInOneSumWithTheirWeight() {
    long carried =
        carried(
            CARRYING,
            16,
            10,
            EnumSet.of(
                Fault.STRAGGLER,
                Fault.PARTITION,
                Fault.ANSWER_LOST,
                Fault.SITE_DIES_AFTER_SEND,
                Fault.SITE_DIES_AT_DISK,
                Fault.COORDINATOR_DIES_AFTER_APPEND,
                Fault.POWER_LOST));

    assertThat(carried).isGreaterThanOrEqualTo(8);
  }

  @Test
  void f4f5_callsLostTwiceAndLate_keepsI2I3() {
    holds(
        SEALED,
        12,
        8,
        EnumSet.of(
            Fault.REQUEST_LOST,
            Fault.ANSWER_LOST,
            Fault.REQUEST_TWICE,
            Fault.REQUEST_LATE,
            Fault.MESSAGE_TWICE,
            Fault.MESSAGE_LATE,
            Fault.STREAM_CUT));
  }

  @Test
  void f6_forcesFail_nothingIsAcknowledgedThatIsNotDurable() {
    holds(
        SEALED,
        12,
        20,
        EnumSet.of(Fault.FORCE_FAILS, Fault.COORDINATOR_DIES_AFTER_APPEND, Fault.POWER_LOST));
  }

  @Test
  void f6_sitesDisksFailInMasking_nothingLeavesThatIsNotDurable() {
    holds(MASKED, 8, 60, EnumSet.of(Fault.SITE_FORCE_FAILS, Fault.SITE_DISK_ERROR));
  }

  @Test
  void f6f7_journalAndDiskFail_keepsI1I5() {
    holds(
        SEALED,
        12,
        15,
        EnumSet.of(
            Fault.APPEND_FAILS,
            Fault.APPEND_FAILS_WRITTEN,
            Fault.DISK_ERROR,
            Fault.SITE_DISK_ERROR,
            Fault.SITE_FORCE_FAILS,
            Fault.DISK_FULL));
  }

  @Test
  void f8f10_bitsFlipClocksStepProcessesStall_keepsI1toI5() {
    holds(
        SEALED,
        12,
        1,
        EnumSet.of(Fault.SPOOL_BIT_FLIPS, Fault.CLOCK_STEP, Fault.COORDINATOR_STALLS));
  }

  private static void holds(Shape shape, int seeds, double factor, Set<Fault> kinds) {
    long _ = carried(shape, seeds, factor, kinds);
  }

  /** Runs seeds with these faults; returns how many late updates were carried. */
  private static long carried(Shape shape, int seeds, double factor, Set<Fault> kinds) {
    long carried = 0;
    int strikes = 0;
    Set<Fault> struck = EnumSet.noneOf(Fault.class);
    for (long seed = 1; seed <= seeds; seed++) {
      Outcome outcome = SIM.run(shape, seed, kinds, factor);

      assertThat(outcome.violations()).as("seed %d", seed).isEmpty();
      assertThat(outcome.published()).as("seed %d", seed).isPositive();
      carried += outcome.carried();
      strikes += outcome.faults().values().stream().mapToInt(n -> n).sum();
      struck.addAll(outcome.faults().keySet());
    }
    assertThat(struck).isEqualTo(kinds);
    assertThat(strikes).as("faults struck").isGreaterThanOrEqualTo(seeds / 4);
    return carried;
  }
}
