package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.protocol.RoundTask;
import org.consilium.security.mask.Masks;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.ReleasedReport;

/**
 * The order of a task's steps at a site. Stands for the node's {@code TaskWork} and {@code
 * UpdateUploader}, which wait on threads of their own: the same steps, the same answers to
 * refusals, each an event of virtual time.
 */
final class SiteTask {
  private final Setting setting;
  private final SitePart machine;
  private final CoordinatorPart coordinator;
  private Optional<RoundTask> newest = Optional.empty();
  private Optional<Work> work = Optional.empty();
  private long slowUntil;

  SiteTask(Setting setting, SitePart machine, CoordinatorPart coordinator) {
    this.setting = setting;
    this.machine = machine;
    this.coordinator = coordinator;
  }

  /** A task came: the first of its kind begins, a repeat changes nothing. */
  void begin(RoundTask task, SiteProcess process) throws IOException {
    machine.say(
        "is asked for %s of round %d, attempt %d"
            .formatted(task.kind(), task.round(), task.attempt()));
    if (newest.filter(task::precedes).isPresent()) {
      machine.say("takes it for a delayed one");
      return;
    }
    newest = Optional.of(task);
    if (task.kind() == RoundTask.Kind.TRAIN) {
      setting.checker().tasked(task, Work.context(task, setting.world()));
    }
    process.announce(task);
    if (work.filter(w -> process.carriage(w.task).outlives(task)).isPresent()) {
      machine.say("goes on with the round before");
    } else if (work.filter(w -> w.same(task)).isEmpty()) {
      start(task);
    }
  }

  private void start(RoundTask task) {
    Work fresh = new Work(task);
    work = Optional.of(fresh);
    next(fresh, Work.Step.FETCH, setting.between(5, 200));
  }

  /** A task is over; what came meanwhile and waits is begun. */
  private void done(Work w) {
    work = Optional.empty();
    newest.filter(task -> !w.same(task)).ifPresent(this::start);
  }

  private void next(Work of, Work.Step step, Duration delay) {
    of.step = step;
    machine.later(
        delay,
        () -> {
          if (work.equals(Optional.of(of)) && of.step == step) {
            step(of);
          }
        });
  }

  /** The step in progress got no answer; an upload begins again. */
  void again() {
    work.ifPresent(
        w -> {
          boolean upload = w.step == Work.Step.CHUNKS || w.step == Work.Step.COMMIT;
          next(w, upload ? Work.Step.ANNOUNCE : w.step, machine.backoff(w.tries++));
        });
  }

  /** Its process has ended, or cannot go on with it. */
  void drop() {
    work = Optional.empty();
    newest = Optional.empty();
  }

  private void step(Work w) throws IOException, Unreachable {
    SiteProcess process = machine.process();
    switch (w.step) {
      case FETCH -> fetch(w, process);
      case TRAIN -> {
        machine.dieIf(Fault.SITE_DIES_IN_TRAINING);
        next(w, Work.Step.SEAL, Duration.ZERO);
      }
      case SEAL -> seal(w, process);
      case ANNOUNCE -> announce(w, process);
      case CHUNKS -> chunk(w, process);
      case COMMIT -> settle(w, process.commit(w, coordinator));
      case REPORT -> report(w, process);
      case DECLINE -> {
        Reply _ =
            machine.call(
                "refusal",
                studies -> studies.decline(machine.site(), World.STUDY, w.task.round(), w.refusal));
        done(w);
      }
    }
  }

  private void decline(Work w, String why) {
    machine.say("declines %s: %s".formatted(w.name(), why));
    w.refusal = why;
    next(w, Work.Step.DECLINE, Duration.ofMillis(10));
  }

  private void fetch(Work w, SiteProcess process) throws IOException, Unreachable {
    if (w.task.kind() == RoundTask.Kind.TRAIN) {
      w.update = process.kept(w.task);
      if (w.update.isPresent()) {
        machine.say("has a kept update");
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
      w.late = process.carriage(w.task).usable();
      if (w.late.isPresent()) {
        machine.say("has the delta of round " + w.late.get().round());
        next(w, Work.Step.SEAL, setting.between(5, 100));
      } else {
        next(w, Work.Step.TRAIN, training());
      }
    }
  }

  private Duration training() {
    if (setting.time().nanos() >= slowUntil && setting.faults().strikes(Fault.STRAGGLER)) {
      slowUntil = setting.time().nanos() + World.DEADLINE.multipliedBy(2).toNanos();
      machine.say("is slow");
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
        machine.say("has sealed its update");
        next(w, Work.Step.ANNOUNCE, setting.between(5, 100));
      }
      case Protection.Refused(var why, _) -> decline(w, why.name());
      case Protection.Stopped _ -> {
        drop();
        machine.reconnect();
      }
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
  private void settle(Work w, Intake answer) throws IOException {
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
        machine.say("has delivered");
        machine.process().carriage(w.task).drop();
        done(w);
      }
      case Intake.Rejected(Intake.Why why, _) -> {
        if (passing(why)) {
          next(w, Work.Step.ANNOUNCE, machine.backoff(w.tries++));
        } else if (why == Intake.Why.LATE) {
          machine.say("is late");
          done(w);
        } else if (w.update.orElseThrow().manifest().origin() > 0) {
          machine.say("may not carry: " + why);
          machine.process().withdraw(w);
          start(w.task);
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
          LATE,
          NOT_CARRIED,
          COUNTED,
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
    ReportDesk.Outcome _ =
        machine.call("report", studies -> studies.report(machine.site(), body, signature));
    done(w);
  }
}
