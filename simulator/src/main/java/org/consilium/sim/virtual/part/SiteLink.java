package org.consilium.sim.virtual.part;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.study.Outgoing;
import org.consilium.protocol.SiteId;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.FaultPlan;

/**
 * One stream from the coordinator to a site: what is pending is asked of the studies whenever
 * something may have changed, and each thing is sent once a stream. Stands for the coordinator's
 * {@code SiteSession}, without gRPC.
 */
final class SiteLink implements Presence.Link {
  private final Setting setting;
  private final CoordinatorPart coordinator;
  private final SitePart target;
  private final Wire wire;
  private final Set<String> sent = new HashSet<>();
  private boolean open = true;
  private boolean waking;

  SiteLink(Setting setting, CoordinatorPart coordinator, SitePart target, Wire wire) {
    this.setting = setting;
    this.coordinator = coordinator;
    this.target = target;
    this.wire = wire;
  }

  SiteId site() {
    return target.site();
  }

  boolean open() {
    return open;
  }

  @Override
  public void wake() {
    if (open && !waking) {
      waking = true;
      setting.time().after(Duration.ofMillis(5), this::push);
    }
  }

  @Override
  public void close(Presence.Why why) {
    cut();
  }

  /** The stream breaks; what is on its way is lost, and both ends see it. */
  void cut() {
    if (open) {
      open = false;
      coordinator.disconnect(this);
      target.cut(this);
    }
  }

  private void push() {
    waking = false;
    if (!open) {
      return;
    }
    List<Outgoing> messages;
    try {
      messages =
          coordinator.enter(
              "coordinator",
              "looks for " + site(),
              studies -> studies.pending(site(), sent::contains));
    } catch (Unreachable down) {
      wakeLater();
      return;
    }
    FaultPlan faults = setting.faults();
    for (Outgoing message : messages) {
      if (!wire.hears(site()) || faults.strikes(Fault.STREAM_CUT)) {
        cut();
        return;
      }
      if (sent.add(message.about())) {
        deliver(message, setting.between(5, 50));
        if (faults.strikes(Fault.MESSAGE_TWICE)) {
          deliver(message, setting.between(5, 20_000));
        }
      }
    }
  }

  /** A process that stands still looks again when it goes on. */
  private void wakeLater() {
    if (open) {
      waking = true;
      setting.time().after(Duration.ofSeconds(1), this::push);
    }
  }

  private void deliver(Outgoing message, Duration latency) {
    boolean late = setting.faults().strikes(Fault.MESSAGE_LATE);
    Duration after = late ? setting.between(500, 900_000) : latency;
    int life = target.life();
    setting
        .time()
        .after(
            after,
            () -> {
              // What is late comes even if its stream is gone, but to no other process.
              if (open || late) {
                target.receive(message, life);
              }
            });
  }
}
