package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.study.Studies;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.sim.virtual.Weakness;
import org.consilium.sim.virtual.disk.DiskFaults;
import org.consilium.sim.virtual.disk.ProcessDied;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.Fault;

/**
 * The coordinator's machine: a disk and a database that outlive its processes. Every call is one
 * event; after it, everything that is due by itself is done, and if the process ended in the
 * middle, another one starts after a while.
 */
public final class CoordinatorPart {
  static final String STATE = "/state";
  private static final Duration TICK = Duration.ofSeconds(2);
  private static final Duration CHECKPOINT = Duration.ofSeconds(60);

  private final Setting setting;
  private final VirtualDisk disk = new VirtualDisk();
  private final VirtualDisk.Mount aside = disk.mount((_, _) -> {});
  private final MachineClock clock;
  private final Map<SiteId, SiteLink> links = new HashMap<>();
  private Journal database;
  private Optional<CoordinatorProcess> running = Optional.empty();
  private boolean full;
  private int flips;
  private long stalledUntil;

  /** Something asked of the coordinator's studies. */
  @FunctionalInterface
  public interface Call<T> {
    /** Its answer. */
    T run(Studies studies) throws IOException;
  }

  /** A machine that is not switched on. */
  public CoordinatorPart(Setting setting) {
    this.setting = setting;
    this.clock = new MachineClock(setting.world().start(), setting.time());
    this.database = CrashJournal.empty(clock);
  }

  /** Where a version lies, for checks: read past all faults. */
  public Path modelFile(ModelVersion version) {
    return aside.path(STATE + "/models/" + version.digest().hex() + ".safetensors");
  }

  /** Puts the study's key in its place and starts the first process. */
  public void switchOn() throws IOException {
    KeyFile.create(
        aside.path(STATE + "/keys/" + World.STUDY + ".aggregation"), setting.world().key());
    disk.forceAll();
    if (setting.weakness() == Weakness.FORGETS_TO_FORCE) {
      disk.lie(path -> path.endsWith(".sealed"));
    }
    start();
    tick();
    checkpoint();
  }

  /** Whether a process runs. */
  public boolean up() {
    return running.isPresent();
  }

  Setting setting() {
    return setting;
  }

  MachineClock clock() {
    return clock;
  }

  Journal database() {
    return database;
  }

  private void start() {
    if (setting.weakness() == Weakness.REUSES_ROUNDS) {
      database = Tampering.older(database, clock);
    }
    if (setting.weakness() == Weakness.REWRITES_HISTORY) {
      database = Tampering.rewritten(database, clock);
    }
    CoordinatorProcess process = new CoordinatorProcess(this, disk);
    try {
      process.open();
      running = Optional.of(process);
      setting.history().say("coordinator", "is up");
      audit();
    } catch (IOException unreadable) {
      process.end();
    } catch (ProcessDied died) {
      setting.history().say("coordinator", "died while it started");
    } catch (RuntimeException bug) {
      suspect(process, "start", bug);
      process.end();
    }
    settle(process);
  }

  /** One call, and all that follows from it at once. */
  public <T> T enter(String who, String what, Call<T> call) throws Unreachable {
    if (running.isEmpty() || setting.time().nanos() < stalledUntil) {
      throw new Unreachable("down");
    }
    CoordinatorProcess process = running.get();
    try {
      T answer = call.run(process.studies());
      if (setting.faults().strikes(Fault.COORDINATOR_DIES_BEFORE_ANSWER)) {
        throw process.die(Fault.COORDINATOR_DIES_BEFORE_ANSWER);
      }
      if (process.dead()) {
        throw new Unreachable("it ended");
      }
      setting.history().say(who, what + ": " + Words.of(answer));
      return answer;
    } catch (ProcessDied died) {
      throw new Unreachable("it died");
    } catch (IOException unavailable) {
      throw new Unreachable("unavailable");
    } catch (RuntimeException bug) {
      suspect(process, what, bug);
      throw new Unreachable("it failed");
    } finally {
      advance(process);
      settle(process);
    }
  }

  /** Does what is due by itself. */
  private void advance(CoordinatorProcess process) {
    boolean idle = setting.weakness() == Weakness.NEVER_WAKES && process.later();
    if (process.dead() || idle) {
      return;
    }
    try {
      process.studies().advance();
    } catch (ProcessDied died) {
      // settled below
    } catch (RuntimeException bug) {
      suspect(process, "advance", bug);
    }
  }

  private void suspect(CoordinatorProcess process, String what, RuntimeException bug) {
    if (!process.dead()) {
      setting
          .history()
          .violated(
              org.consilium.sim.virtual.history.Invariant.BUG,
              "coordinator, %s: %s at %s".formatted(what, bug, bug.getStackTrace()[0]));
    }
  }

  /** If the process has ended: what is lost with it, and when the next one starts. */
  private void settle(CoordinatorProcess process) {
    if (!process.dead() || process.buried()) {
      return;
    }
    process.bury();
    running = Optional.empty();
    boolean power = setting.faults().strikes(Fault.POWER_LOST);
    if (power) {
      disk.losePower(setting.faults().chance());
    }
    setting.history().say("coordinator", power ? "ended, and the power was lost" : "ended");
    for (SiteLink link : List.copyOf(links.values())) {
      link.cut();
    }
    setting.time().after(setting.between(2_000, 60_000), this::start);
  }

  private void tick() {
    setting.time().after(TICK, this::tick);
    running
        .filter(_ -> setting.time().nanos() >= stalledUntil)
        .ifPresent(
            process -> {
              advance(process);
              settle(process);
            });
  }

  /** The audit log makes a checkpoint every minute and offers it: every site is looked at. */
  private void checkpoint() {
    setting.time().after(CHECKPOINT, this::checkpoint);
    running.ifPresent(p -> p.presence().wake(List.copyOf(setting.world().members().keySet())));
  }

  /** An auditor walks the journal. */
  public void audit() {
    List<JournalEntry.Stored> entries = new ArrayList<>();
    try {
      database.walk(0, entries::add);
    } catch (IOException impossible) {
      throw new IllegalStateException("walk a journal in memory", impossible);
    }
    setting.checker().audit(entries);
  }

  /** A site opens its stream. */
  void connect(SiteLink link) throws Unreachable {
    if (running.isEmpty() || setting.time().nanos() < stalledUntil) {
      throw new Unreachable("down");
    }
    SiteLink _ = links.put(link.site(), link);
    running.get().presence().connect(link.site(), link);
    link.wake();
  }

  void disconnect(SiteLink link) {
    boolean _ = links.remove(link.site(), link);
    running.ifPresent(process -> process.presence().disconnect(link.site(), link));
  }

  /** Whether everything of an accepted update would survive the loss of power. */
  private boolean durable(SiteId site, RoundTask task) {
    String file =
        "%s/spool/%s/%d-%d/%s"
            .formatted(STATE, World.STUDY, task.round(), task.attempt(), site.value());
    return disk.durable(file + ".sealed") && disk.durable(file + ".manifest");
  }

  /** Commits an update, and looks at the disk at the very moment of the answer. */
  Intake commit(Studies studies, SiteId site, RoundTask task, Digest upload) throws IOException {
    if (setting.weakness() == Weakness.ACKNOWLEDGES_EARLY) {
      setting.time().after(Duration.ofSeconds(1), () -> late(site, upload));
      Intake early = new Intake.Accepted(upload, false);
      setting.checker().acknowledged(site, task, upload, true);
      return early;
    }
    Intake answer = studies.commit(site, upload);
    if (answer instanceof Intake.Accepted(Digest of, boolean duplicate)
        && running.filter(p -> !p.dead()).isPresent()) {
      setting.checker().acknowledged(site, task, of, duplicate || durable(site, task));
    }
    return answer;
  }

  private void late(SiteId site, Digest upload) {
    try {
      Intake _ = enter(site.value(), "late commit", studies -> studies.commit(site, upload));
    } catch (Unreachable gone) {
      setting.history().say("coordinator", "forgot an update that it had acknowledged");
    }
  }

  /** Faults of the coordinator's disk. */
  void before(CoordinatorProcess process, DiskFaults.Operation operation, String path)
      throws IOException {
    var faults = setting.faults();
    switch (operation) {
      case READ -> {}
      case WRITE -> die(process, Fault.COORDINATOR_DIES_AT_WRITE);
      case FORCE -> die(process, Fault.COORDINATOR_DIES_AT_FORCE);
      case RENAME -> die(process, Fault.COORDINATOR_DIES_AT_RENAME);
      case CREATE, DELETE -> die(process, Fault.COORDINATOR_DIES_AT_NAME);
    }
    boolean moves =
        operation == DiskFaults.Operation.READ || operation == DiskFaults.Operation.WRITE;
    if (moves && faults.strikes(Fault.DISK_ERROR)) {
      throw new IOException(path + ": input/output error");
    }
    if (operation == DiskFaults.Operation.FORCE) {
      if (faults.strikes(Fault.FORCE_FAILS)) {
        throw new IOException(path + ": input/output error in a force");
      }
    }
    boolean grows =
        operation == DiskFaults.Operation.WRITE || operation == DiskFaults.Operation.CREATE;
    if (full && grows && faults.active()) {
      throw new IOException(path + ": no space left on device");
    }
  }

  private void die(CoordinatorProcess process, Fault fault) {
    if (setting.faults().strikes(fault)) {
      throw process.die(fault);
    }
  }

  long usableBytes() {
    return full && setting.faults().active() ? 0 : Long.MAX_VALUE / 4;
  }

  /** Its disk is full for a while. */
  public void fill(Duration while_) {
    full = true;
    setting.history().say("coordinator", "has a full disk");
    setting.time().after(while_, () -> full = false);
  }

  /** A bit of a spooled update flips. */
  public void flip() {
    flips++;
    String file = disk.flip(path -> path.startsWith(STATE + "/spool/"), setting.faults().chance());
    setting.history().say("coordinator", "has a bit flipped in " + file);
  }

  /** How often a bit of its spool has flipped. */
  int flips() {
    return flips;
  }

  /** Its process stands still. */
  public void stall(Duration while_) {
    stalledUntil = setting.time().nanos() + while_.toNanos();
    setting.history().say("coordinator", "stands still");
  }

  /** Its time of day is set. */
  public void setClock(Duration by) {
    clock.step(by);
    setting.history().say("coordinator", "has its clock set by " + by);
  }
}
