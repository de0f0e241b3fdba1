package org.consilium.sim.virtual.part;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.FaultPlan;

/** Faults that have a time of their own: full disks, clocks, partitions, sites that leave. */
final class Disturbance {
  private static final int TIMES_MAX = 3;

  private Disturbance() {}

  /** Enters those of a run, some time before the faults stop. */
  static void enter(
      Setting setting,
      CoordinatorPart coordinator,
      Wire wire,
      List<SitePart> sites,
      Duration until) {
    FaultPlan faults = setting.faults();
    if (!faults.active()) {
      return;
    }
    SplittableRandom chance = faults.chance();
    List<SitePart> left = new ArrayList<>(sites);
    at(setting, Fault.DISK_FULL, until, () -> coordinator.fill(minutes(chance, 4)));
    at(setting, Fault.SPOOL_BIT_FLIPS, until, coordinator::flip);
    at(
        setting,
        Fault.CLOCK_STEP,
        until,
        () -> coordinator.setClock(Duration.ofHours(chance.nextBoolean() ? 1 : -1)));
    at(setting, Fault.COORDINATOR_STALLS, until, () -> coordinator.stall(Duration.ofMinutes(1)));
    at(
        setting,
        Fault.PARTITION,
        until,
        () -> {
          Duration long_ = minutes(chance, 12);
          some(sites, chance).forEach(site -> wire.cut(site.site(), long_));
          setting.history().say("wire", "is cut for some sites");
        });
    at(
        setting,
        Fault.ONE_WAY,
        until,
        () -> {
          Duration long_ = minutes(chance, 12);
          some(sites, chance).forEach(site -> wire.oneWay(site.site(), long_));
          setting.history().say("wire", "is one-way for some sites");
        });
    int spare = sites.size() - needed(setting);
    if (faults.has(Fault.SITE_GONE) && spare > 0) {
      int gone = chance.nextInt(spare) + 1;
      for (int i = 0; i < gone; i++) {
        SitePart one = left.remove(chance.nextInt(left.size()));
        setting
            .time()
            .after(
                within(chance, until),
                () -> {
                  faults.count(Fault.SITE_GONE);
                  one.leave();
                });
      }
    }
  }

  /** Fewest sites with which a round can count. */
  private static int needed(Setting setting) {
    World world = setting.world();
    int quorum = world.plan().participation().quorum();
    return switch (world.shape().mode()) {
      case SEALED, CARRYING -> quorum;
      case MASKED ->
          Math.max(quorum, org.consilium.security.mask.MaskTerms.threshold(world.shape().sites()));
    };
  }

  private static void at(Setting setting, Fault fault, Duration until, Runnable action) {
    FaultPlan faults = setting.faults();
    if (!faults.has(fault)) {
      return;
    }
    int times = faults.chance().nextInt(TIMES_MAX) + 1;
    for (int i = 0; i < times; i++) {
      setting
          .time()
          .after(
              within(faults.chance(), until),
              () -> {
                if (faults.active()) {
                  faults.count(fault);
                  action.run();
                }
              });
    }
  }

  private static List<SitePart> some(List<SitePart> sites, SplittableRandom chance) {
    return sites.stream().filter(_ -> chance.nextInt(3) == 0).toList();
  }

  private static Duration minutes(SplittableRandom chance, int most) {
    return Duration.ofSeconds(chance.nextInt(10, 60 * most));
  }

  private static Duration within(SplittableRandom chance, Duration until) {
    return Duration.ofMillis(chance.nextLong(until.toMillis() * 9 / 10));
  }
}
