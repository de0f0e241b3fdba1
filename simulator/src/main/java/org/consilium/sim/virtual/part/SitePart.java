package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.study.Outgoing;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.mask.Masks;
import org.consilium.sim.virtual.disk.DiskFaults;
import org.consilium.sim.virtual.disk.ProcessDied;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.history.Invariant;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.ReleasedReport;

/**
 * A site's machine: a disk that outlives its processes, and the order of a task's steps. Stands for
 * the node's {@code TaskWork} and {@code UpdateUploader}, which wait on threads of their own: the
 * same steps, the same answers to refusals, each an event of virtual time.
 */
public final class SitePart {
  private static final int BACKOFF_MAX_SECONDS = 30;

  private final Setting setting;
  private final World.Member member;
  private final CoordinatorPart coordinator;
  private final Wire wire;
  private final VirtualDisk disk = new VirtualDisk();
  private Optional<SiteProcess> running = Optional.empty();
  private Optional<SiteLink> link = Optional.empty();
  private Optional<Work> work = Optional.empty();
  private VirtualDisk.Mount mount = disk.mount((_, _) -> {});
  private long slowUntil;
  private int life;
  private int linkTries;
  private boolean gone;

  /** Something that this life of the site does. */
  private interface Act {
    void run() throws IOException, Unreachable;
  }

  SitePart(Setting setting, World.Member member, CoordinatorPart coordinator, Wire wire) {
    this.setting = setting;
    this.member = member;
    this.coordinator = coordinator;
    this.wire = wire;
  }

  /** Which. */
  public SiteId site() {
    return member.site();
  }

  /** Starts its first process, with a node that people have set up in good order. */
  public void switchOn() throws IOException {
    java.nio.file.Files.createDirectories(mount.path("/node"));
    disk.forceAll();
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
          running =
              Optional.of(
                  new SiteProcess(
                      setting,
                      member,
                      mount,
                      new SiteProcess.Outlet() {
                        @Override
                        public <T> T call(String what, CoordinatorPart.Call<T> call)
                            throws Unreachable {
                          return SitePart.this.call(what, call);
                        }
                      }));
          connectIn(setting.between(10, 500));
        });
  }

  private void say(String what) {
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
      again();
    } catch (IOException | UncheckedIOException disk) {
      if (!mount.dead()) {
        say("cannot go on: " + disk.getClass().getSimpleName());
        putOff();
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
    work = Optional.empty();
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

  private void dieIf(Fault fault) {
    if (setting.faults().strikes(fault)) {
      say(fault.word());
      mount.kill();
      throw new ProcessDied(fault.word());
    }
  }

  private <T> T call(String what, CoordinatorPart.Call<T> call) throws Unreachable {
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

  // ---- the stream ----

  private void connectIn(Duration delay) {
    int of = life;
    setting.time().after(delay, () -> guarded(of, this::connect));
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

  private Duration backoff(int tries) {
    int most = Math.min(BACKOFF_MAX_SECONDS, 1 << Math.min(tries, 5));
    return setting.between(200, 200 + 1000 * most);
  }

  /** A message of the coordinator. */
  void receive(Outgoing message) {
    guarded(life, () -> received(message));
  }

  private void received(Outgoing message) throws IOException, Unreachable {
    boolean genuine =
        setting
            .world()
            .coordinator()
            .verify(message.kind().label(), message.body(), message.signature());
    if (running.isEmpty() || !genuine) {
      return;
    }
    switch (message.kind()) {
      case PROPOSAL -> decide();
      case TASK -> begin(TaskCodec.decode(message.body()));
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

  // ---- a task ----

  private void begin(RoundTask task) throws IOException {
    say(
        "is asked for %s of round %d, attempt %d"
            .formatted(task.kind(), task.round(), task.attempt()));
    if (task.kind() == RoundTask.Kind.TRAIN) {
      setting.checker().tasked(task, Work.context(task, setting.world()));
    }
    running.orElseThrow().announce(task);
    if (work.filter(w -> w.same(task)).isEmpty()) {
      Work fresh = new Work(task);
      work = Optional.of(fresh);
      next(fresh, Work.Step.FETCH, setting.between(5, 200));
    }
  }

  private void next(Work of, Work.Step step, Duration delay) {
    of.step = step;
    int lived = life;
    setting
        .time()
        .after(
            delay,
            () ->
                guarded(
                    lived,
                    () -> {
                      if (work.equals(Optional.of(of)) && of.step == step) {
                        step(of);
                      }
                    }));
  }

  /** The step in progress failed on the way; it is tried again. */
  private void again() {
    work.ifPresent(
        w ->
            next(
                w,
                w.step == Work.Step.CHUNKS || w.step == Work.Step.COMMIT
                    ? Work.Step.ANNOUNCE
                    : w.step,
                backoff(w.tries++)));
  }

  /** The node cannot go on with it; it comes again with the next stream. */
  private void putOff() {
    work = Optional.empty();
    link.ifPresentOrElse(SiteLink::cut, () -> connectIn(backoff(1)));
  }

  private void step(Work w) throws IOException, Unreachable {
    SiteProcess process = running.orElseThrow();
    switch (w.step) {
      case FETCH -> fetch(w, process);
      case TRAIN -> {
        dieIf(Fault.SITE_DIES_IN_TRAINING);
        next(w, Work.Step.SEAL, Duration.ZERO);
      }
      case SEAL -> seal(w, process);
      case ANNOUNCE -> announce(w, process);
      case CHUNKS -> chunk(w, process);
      case COMMIT -> settle(w, process.commit(w, coordinator));
      case REPORT -> report(w, process);
      case DECLINE -> {
        Reply _ =
            call(
                "refusal",
                studies -> studies.decline(site(), World.STUDY, w.task.round(), w.refusal));
        work = Optional.empty();
      }
    }
  }

  private void decline(Work w, String why) {
    say("declines %s: %s".formatted(w.name(), why));
    w.refusal = why;
    next(w, Work.Step.DECLINE, Duration.ofMillis(10));
  }

  private void fetch(Work w, SiteProcess process) throws IOException, Unreachable {
    if (w.task.kind() == RoundTask.Kind.TRAIN) {
      w.update = process.kept(w.task);
      if (w.update.isPresent()) {
        say("has a kept update");
        next(w, Work.Step.ANNOUNCE, setting.between(5, 50));
        return;
      }
    } else {
      process.forget(w.task);
    }
    w.model = process.fetch(w.task);
    if (w.model.isEmpty()) {
      decline(w, "BAD_MODEL");
    } else if (w.task.kind() == RoundTask.Kind.VALIDATE) {
      next(w, Work.Step.REPORT, setting.between(1_000, 10_000));
    } else {
      next(w, Work.Step.TRAIN, training());
    }
  }

  private Duration training() {
    if (setting.time().nanos() >= slowUntil && setting.faults().strikes(Fault.STRAGGLER)) {
      slowUntil = setting.time().nanos() + World.DEADLINE.multipliedBy(2).toNanos();
      say("is slow");
    }
    Duration usual = setting.between(20_000, 90_000);
    boolean slow = setting.faults().active() && setting.time().nanos() < slowUntil;
    return slow ? usual.multipliedBy(10) : usual;
  }

  private void seal(Work w, SiteProcess process) throws IOException {
    Optional<Masks> masks = Optional.empty();
    if (process.masked()) {
      Optional<MaskDesk.Outcome> outcome = process.masks(w.task);
      switch (outcome.orElseGet(MaskDesk.Outcome.Stopped::new)) {
        case MaskDesk.Outcome.Ready(Masks ready) -> masks = Optional.of(ready);
        case MaskDesk.Outcome.Failed _ -> {
          decline(w, "MASK_REFUSED");
          return;
        }
        case MaskDesk.Outcome.Stopped _ -> {
          next(w, Work.Step.SEAL, Duration.ofSeconds(2)); // the others' shares are not here yet
          return;
        }
      }
    }
    switch (process.protect(w, masks)) {
      case Protection.Sealed(var update) -> {
        w.update = Optional.of(update);
        say("has sealed its update");
        next(w, Work.Step.ANNOUNCE, setting.between(5, 100));
      }
      case Protection.Refused(var why, _) -> decline(w, why.name());
      case Protection.Stopped _ -> putOff();
    }
  }

  private void announce(Work w, SiteProcess process) throws IOException, Unreachable {
    if (process.masked()) {
      // After a restart the others' shares have to come again first.
      Optional<MaskDesk.Outcome> outcome = process.masks(w.task);
      if (outcome.isEmpty()) {
        next(w, Work.Step.ANNOUNCE, Duration.ofSeconds(2));
        return;
      }
      if (outcome.get() instanceof MaskDesk.Outcome.Failed) {
        decline(w, "MASK_REFUSED");
        return;
      }
    }
    if (process.uploaded(w).isPresent()) {
      decline(w, "MASK_REFUSED");
      return;
    }
    settle(w, process.begin(w.update.orElseThrow()));
  }

  private void chunk(Work w, SiteProcess process) throws IOException, Unreachable {
    settle(w, process.chunk(w.update.orElseThrow(), w.chunk));
  }

  /** What an answer of the intake means for an upload; as {@code UpdateUploader} reads it. */
  private void settle(Work w, Intake answer) {
    switch (answer) {
      case Intake.Progress(_, int chunks, byte[] stored) -> {
        int missing = 0;
        while (missing < chunks && (stored[missing / 8] >> (missing % 8) & 1) == 1) {
          missing++;
        }
        w.chunk = missing;
        next(w, missing < chunks ? Work.Step.CHUNKS : Work.Step.COMMIT, setting.between(1, 300));
      }
      case Intake.Accepted _ -> {
        say("has delivered");
        w.tries = 0;
        work = Optional.empty();
      }
      case Intake.Rejected(Intake.Why why, _) -> {
        if (passing(why)) {
          next(w, Work.Step.ANNOUNCE, backoff(w.tries++));
        } else {
          decline(w, "INTERNAL");
        }
      }
      case Intake.Announced _, Intake.Attached _, Intake.Checked _ ->
          throw new IllegalStateException("an answer that an upload cannot have");
    }
  }

  /** The statuses that the coordinator makes of these, and that the node takes for passing. */
  private static boolean passing(Intake.Why why) {
    return switch (why) {
      case BUSY, INCOMPLETE, DISK_FULL, UNKNOWN_UPLOAD -> true;
      case UNKNOWN_SITE,
          BAD_SIGNATURE,
          MALFORMED,
          UNKNOWN_STUDY,
          NOT_A_PARTICIPANT,
          WRONG_ROUND,
          WRONG_BASE,
          WRONG_LAYOUT,
          WRONG_CONTEXT,
          WRONG_WEIGHT,
          DIFFERENT_UPDATE,
          REPLAYED,
          BAD_CHUNK,
          SEAL_BROKEN,
          OUT_OF_BOUNDS,
          NORM_TOO_LARGE,
          NORM_MISMATCH,
          BAD_TRAILER ->
          false;
    };
  }

  private void report(Work w, SiteProcess process) throws Unreachable {
    ReleasedReport report = process.report(w.task);
    byte[] body = report.body();
    byte[] signature = report.signature();
    ReportDesk.Outcome _ = call("report", studies -> studies.report(site(), body, signature));
    work = Optional.empty();
  }
}
