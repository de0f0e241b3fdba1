package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.study.Outgoing;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.sim.virtual.Weakness;
import org.consilium.sim.virtual.disk.DiskFaults;
import org.consilium.sim.virtual.disk.ProcessDied;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.history.Invariant;

/**
 * A site's machine: a disk that outlives its processes, and a stream to the coordinator that is
 * opened again whenever it broke. What a process does with a task is {@link SiteTask}'s.
 */
public final class SitePart {
  private static final int BACKOFF_MAX_SECONDS = 30;

  private final Setting setting;
  private final World.Member member;
  private final CoordinatorPart coordinator;
  private final Wire wire;
  private final SiteTask task;
  private final VirtualDisk disk = new VirtualDisk();
  private Optional<SiteProcess> running = Optional.empty();
  private Optional<SiteLink> link = Optional.empty();
  private VirtualDisk.Mount mount = disk.mount((_, _) -> {});
  private int life;
  private int linkTries;
  private boolean gone;

  /** Something that this life of the site does. */
  interface Act {
    void run() throws IOException, Unreachable;
  }

  SitePart(Setting setting, World.Member member, CoordinatorPart coordinator, Wire wire) {
    this.setting = setting;
    this.member = member;
    this.coordinator = coordinator;
    this.wire = wire;
    this.task = new SiteTask(setting, this, coordinator);
  }

  /** Which. */
  public SiteId site() {
    return member.site();
  }

  /** Starts its first process, with a node that people have set up in good order. */
  public void switchOn() throws IOException {
    java.nio.file.Files.createDirectories(mount.path("/node/studies/" + World.STUDY));
    disk.forceAll();
    if (setting.weakness() == Weakness.SITE_FORGETS_TO_FORCE) {
      disk.lie(path -> path.contains("sealed") || path.contains("pledges"));
    } else if (setting.weakness() == Weakness.SITE_FORGETS_NAMES) {
      disk.lie(path -> path.equals("/node"));
    }
    start();
  }

  /** It never comes back. */
  public void leave() {
    gone = true;
    say("is gone for good");
    crash();
  }

  private void start() {
    if (gone) {
      return;
    }
    life++;
    mount = disk.mount(this::before);
    say("is up");
    guarded(
        life,
        () -> {
          try {
            running = Optional.of(new SiteProcess(setting, member, mount, outlet()));
            connectIn(setting.between(10, 500));
          } catch (IOException unreadable) {
            say("cannot start");
            mount.kill(); // it ends, and is started again
          }
        });
  }

  private SiteProcess.Outlet outlet() {
    return new SiteProcess.Outlet() {
      @Override
      public <T> T call(String what, CoordinatorPart.Call<T> call) throws Unreachable {
        return SitePart.this.call(what, call);
      }
    };
  }

  void say(String what) {
    setting.history().say(site().value(), what);
  }

  /** Runs a part of this life; what fails is put off, as the node does. */
  private void guarded(int of, Act act) {
    if (of != life || mount.dead() || gone) {
      return;
    }
    try {
      act.run();
    } catch (ProcessDied died) {
      // below
    } catch (Unreachable nobody) {
      task.again();
    } catch (IOException | UncheckedIOException disk) {
      if (!mount.dead()) {
        say("cannot go on: " + disk.getClass().getSimpleName());
        task.drop();
        reconnect();
      }
    } catch (RuntimeException bug) {
      if (!mount.dead()) {
        setting
            .history()
            .violated(Invariant.BUG, "%s: %s at %s".formatted(site(), bug, bug.getStackTrace()[0]));
      }
    }
    if (mount.dead() && of == life) {
      crash();
    }
  }

  private void crash() {
    mount.kill();
    life++;
    running = Optional.empty();
    task.drop();
    boolean power = setting.faults().strikes(Fault.POWER_LOST);
    if (power) {
      disk.losePower(setting.faults().chance());
    }
    say(power ? "ended, and the power was lost" : "ended");
    link.ifPresent(SiteLink::cut);
    link = Optional.empty();
    if (!gone) {
      setting.time().after(setting.between(2_000, 60_000), this::start);
    }
  }

  private void before(DiskFaults.Operation operation, String path) throws IOException {
    if (operation != DiskFaults.Operation.READ) {
      dieIf(Fault.SITE_DIES_AT_DISK);
    }
    if (operation == DiskFaults.Operation.FORCE
        && setting.faults().strikes(Fault.SITE_FORCE_FAILS)) {
      throw new IOException(path + ": input/output error in a force");
    }
    if ((operation == DiskFaults.Operation.WRITE || operation == DiskFaults.Operation.READ)
        && setting.faults().strikes(Fault.SITE_DISK_ERROR)) {
      throw new IOException(path + ": input/output error");
    }
  }

  void dieIf(Fault fault) {
    if (setting.faults().strikes(fault)) {
      say(fault.word());
      mount.kill();
      throw new ProcessDied(fault.word());
    }
  }

  <T> T call(String what, CoordinatorPart.Call<T> call) throws Unreachable {
    dieIf(Fault.SITE_DIES_BEFORE_SEND);
    try {
      return wire.call(site(), what, call);
    } catch (Unreachable nobody) {
      // The node's stream ends with the connection: a new one brings all that is pending again.
      link.ifPresent(SiteLink::cut);
      throw nobody;
    } finally {
      dieIf(Fault.SITE_DIES_AFTER_SEND);
    }
  }

  /** Does something after a while, if this life lasts so long. */
  void later(Duration delay, Act act) {
    int of = life;
    setting.time().after(delay, () -> guarded(of, act));
  }

  /** The process of this life. */
  SiteProcess process() {
    return running.orElseThrow();
  }

  /** A new stream brings all that is pending again. */
  void reconnect() {
    link.ifPresentOrElse(SiteLink::cut, () -> connectIn(backoff(1)));
  }

  private void connectIn(Duration delay) {
    later(delay, this::connect);
  }

  private void connect() {
    if (link.isPresent()) {
      return;
    }
    SiteLink fresh = new SiteLink(setting, coordinator, this, wire);
    try {
      if (!wire.hears(site())) {
        throw new Unreachable("cut off");
      }
      coordinator.connect(fresh);
      link = Optional.of(fresh);
      linkTries = 0;
      say("is connected");
    } catch (Unreachable down) {
      connectIn(backoff(linkTries++));
    }
  }

  /** Its stream broke. */
  void cut(SiteLink broken) {
    if (link.equals(Optional.of(broken))) {
      link = Optional.empty();
      say("lost its stream");
      connectIn(backoff(0));
    }
  }

  Duration backoff(int tries) {
    int most = Math.min(BACKOFF_MAX_SECONDS, 1 << Math.min(tries, 5));
    return setting.between(200, 200 + 1000 * most);
  }

  /** Which of its processes runs, or ran last. */
  int life() {
    return life;
  }

  /** A message of the coordinator to the process of that life; for a later one it is lost. */
  void receive(Outgoing message, int to) {
    guarded(to, () -> received(message));
  }

  private void received(Outgoing message) throws IOException, Unreachable {
    // Its signature is made and not looked at: nothing on the virtual wire changes bytes.
    if (running.isEmpty()) {
      return;
    }
    switch (message.kind()) {
      case PROPOSAL -> decide();
      case TASK -> task.begin(TaskCodec.decode(message.body()), running.get());
      case MASK_ORDER -> {
        say("is handed an order of masking");
        running.get().order(MaskCodec.order(message.body()));
      }
      default -> throw new IllegalStateException("a site gets no " + message.kind());
    }
  }

  private void decide() throws Unreachable {
    Digest about = setting.world().digest();
    Reply _ =
        call("decision", studies -> studies.decide(site(), about, true, "", member.samples()));
  }
}
