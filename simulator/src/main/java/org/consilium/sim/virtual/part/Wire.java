package org.consilium.sim.virtual.part;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.consilium.protocol.SiteId;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.FaultPlan;

/**
 * The network: a call arrives or not, once or twice, now or long after its sender gave up; the
 * answer comes back or not.
 */
final class Wire {
  private final Setting setting;
  private final CoordinatorPart coordinator;
  private final Map<SiteId, Long> cutUntil = new HashMap<>();
  private final Map<SiteId, Long> oneWayUntil = new HashMap<>();

  Wire(Setting setting, CoordinatorPart coordinator) {
    this.setting = setting;
    this.coordinator = coordinator;
  }

  /** Nothing goes either way for a while. */
  void cut(SiteId site, Duration while_) {
    Long _ = cutUntil.put(site, setting.time().nanos() + while_.toNanos());
  }

  /** What the site says arrives for a while, and nothing comes back. */
  void oneWay(SiteId site, Duration while_) {
    Long _ = oneWayUntil.put(site, setting.time().nanos() + while_.toNanos());
  }

  /** Whether a site hears the coordinator. */
  boolean hears(SiteId site) {
    return !within(cutUntil, site) && !within(oneWayUntil, site);
  }

  private boolean within(Map<SiteId, Long> until, SiteId site) {
    return setting.faults().active() && until.getOrDefault(site, -1L) > setting.time().nanos();
  }

  /** One call of a site. */
  <T> T call(SiteId site, String what, CoordinatorPart.Call<T> call) throws Unreachable {
    FaultPlan faults = setting.faults();
    if (within(cutUntil, site) || faults.strikes(Fault.REQUEST_LOST)) {
      setting.history().say(site.value(), what + " is lost");
      throw new Unreachable("lost");
    }
    if (faults.strikes(Fault.REQUEST_LATE)) {
      again(site, what + ", late,", call, setting.between(500, 900_000));
      throw new Unreachable("late");
    }
    T answer = coordinator.enter(site.value(), what, call);
    if (faults.strikes(Fault.REQUEST_TWICE)) {
      again(site, what + ", twice,", call, setting.between(1, 5_000));
    }
    if (within(oneWayUntil, site) || faults.strikes(Fault.ANSWER_LOST)) {
      setting.history().say(site.value(), what + " is answered, and the answer is lost");
      throw new Unreachable("answer lost");
    }
    return answer;
  }

  /** A copy of a call arrives; nobody waits for its answer. */
  private <T> void again(SiteId site, String what, CoordinatorPart.Call<T> call, Duration later) {
    setting
        .time()
        .after(
            later,
            () -> {
              try {
                T _ = coordinator.enter(site.value(), what, call);
              } catch (Unreachable nobodyWaits) {
                setting.history().say(site.value(), what + " finds nobody");
              }
            });
  }
}
