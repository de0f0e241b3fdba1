package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.federated.ControlVariates;
import org.consilium.models.params.MalformedSafetensors;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Assignment;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.ReleasedReport;
import org.consilium.site.protect.Residuals;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.session.Answer;
import org.consilium.site.session.Answer.Phase;
import org.consilium.site.session.Halt;
import org.consilium.site.train.KeptDelta;
import org.consilium.site.train.LocalTrainer;
import org.consilium.site.train.TrainingJob;
import org.consilium.site.train.TrainingResult;
import org.consilium.site.upload.Delivery;
import org.consilium.site.upload.ModelFetcher.Fetched;
import org.consilium.site.validate.Findings;
import org.consilium.site.validate.ValidationJob;

/**
 * One task from the first byte fetched to the last byte acknowledged. Every step can be cut by a
 * crash: what is on disk decides where a repetition goes on, and it ends with the same bytes.
 */
final class TaskWork {
  /** Once training began, its own start no longer counts against it. */
  private static final Diary.Count NOTHING = new Diary.Count(0, 0);

  private final Tools tools;
  private final Voice voice;
  private final RoundTask task;
  private final StudyPlan plan;
  private final int minSites;
  private final RoundMasks masks;
  private final OwnModels own;
  private final Permission permission;
  private final Carriage carriage;

  TaskWork(Tools tools, Voice voice, RoundTask task, StudyPlan plan, int minSites) {
    this.tools = tools;
    this.voice = voice;
    this.task = task;
    this.plan = plan;
    this.minSites = minSites;
    this.masks = new RoundMasks(tools, task, plan, minSites);
    this.own = new OwnModels(tools, plan);
    this.permission = new Permission(tools, task, plan);
    this.carriage = new Carriage(task, plan, tools.place().folder(task.study()), tools.log());
  }

  /** How it ended. */
  enum Ending {
    OK("ok"),
    FAILED("failed"),
    CANCELLED("cancelled"),
    LATE("late");

    private final String word;

    Ending(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  /** How long it may take, and whether it goes on beside a later task. */
  Carriage carriage() {
    return carriage;
  }

  /** Begins masking, beside and before training; a validation task ends that of its round. */
  void announce() {
    masks.announce();
  }

  Ending run(Halt halt) throws IOException {
    say(Phase.RECEIVED);
    Optional<Judgement.Refused> distrust = tools.distrust();
    if (distrust.isPresent()) {
      return refuse(distrust.get().why(), distrust.get().detail());
    }
    try {
      return switch (task.kind()) {
        case TRAIN -> train(halt);
        case VALIDATE -> validate(halt);
      };
    } catch (EgressBlocked blocked) {
      return blocked.why() == Why.PAUSED
          ? postponed("all egress is paused")
          : refuse(blocked.why(), String.valueOf(blocked.getMessage()));
    } catch (MalformedSafetensors malformed) {
      return refuse(Why.BAD_MODEL, String.valueOf(malformed.getMessage()));
    } catch (IllegalArgumentException unfit) {
      return refuse(Why.BAD_DATA, String.valueOf(unfit.getMessage()));
    }
  }

  /** Says that the task is refused. */
  Ending refuse(Why why, String detail) throws IOException {
    tools.log().accept("%s refused: %s (%s)".formatted(TaskKey.of(task), why.words(), detail));
    tools.metrics().blocked(why.name());
    voice.say(progress(Phase.REFUSED, Optional.of(why)));
    return Ending.FAILED;
  }

  private Ending train(Halt halt) throws IOException {
    Outbox outbox = tools.transfer().outbox();
    outbox.removeBefore(task.study(), task.round());
    Optional<SealedUpdate> kept = outbox.find(task);
    if (kept.isPresent()) {
      tools.log().accept(TaskKey.of(task) + ": resending the kept update");
      return upload(kept.get(), halt);
    }
    return fetched(halt, files -> trainFrom(files, halt));
  }

  private Ending trainFrom(Files files, Halt halt) throws IOException {
    Optional<KeptDelta.Origin> late = carriage.usable();
    if (late.isPresent()) {
      tools.log().accept(TaskKey.of(task) + ": with the delta of round " + late.get().round());
      Protection protection;
      try (TrainingResult.Trained trained = carriage.open()) {
        protection = protect(trained, carriage.from(late.get()), halt);
      }
      return send(protection, halt);
    }
    Diary diary = diary();
    Diary.Count before = diary.starts(task, tools.clock().instant());
    Optional<Judgement.Refused> tooOften = permission.refusal(before);
    if (tooOften.isPresent()) {
      return refuse(tooOften.get().why(), tooOften.get().detail());
    }
    diary.begin(task, tools.clock().instant());
    say(Phase.TRAINING);
    TrainingJob job = job(files);
    return switch (tools.training().of(plan).train(job, watch(halt))) {
      case TrainingResult.Failed(Why why, String detail) -> refuse(why, detail);
      case TrainingResult.Stopped _ -> postponed("training was stopped");
      case TrainingResult.Trained trained -> {
        Protection protection;
        try (trained) {
          tools
              .metrics()
              .trained(
                  task.study().value(),
                  (long) job.cohort().trainingCount() * plan.training().localEpochs());
          if (trained.holdoutLogits().isPresent()) {
            tools.validator().keepTrained(validation(files), trained.holdoutLogits().get());
          }
          carriage.keep(trained);
          protection = protect(trained, Optional.empty(), halt);
        }
        yield send(protection, halt);
      }
    };
  }

  private Ending send(Protection protection, Halt halt) throws IOException {
    return switch (protection) {
      case Protection.Refused(Why why, String detail) -> refuse(why, detail);
      case Protection.Stopped _ -> postponed("masking was stopped");
      case Protection.Sealed(SealedUpdate update) -> {
        FailPoint.UPDATE_SIGNED.reach();
        tools.transfer().outbox().put(update);
        tools.metrics().protectedUpdate(task.study().value(), update.manifest().norm());
        yield upload(update, halt);
      }
    };
  }

  private Protection protect(
      TrainingResult.Trained trained, Optional<Assignment.Carried> carried, Halt halt)
      throws IOException {
    Optional<Judgement.Refused> withdrawn = permission.refusal(NOTHING);
    if (withdrawn.isPresent()) {
      return new Protection.Refused(withdrawn.get().why(), withdrawn.get().detail());
    }
    RoundMasks.Hiding hiding = masks.hiding(halt);
    if (hiding.failed().isPresent()) {
      return hiding.failed().get();
    }
    Assignment assignment =
        new Assignment(
            task,
            plan,
            tools.declared(plan, task.studyDigest()),
            minSites,
            hiding.masks(),
            tools.transfer().outbox().draft(task),
            carried,
            Residuals.in(tools.place().folder(task.study()), tools.log()));
    return tools.exit().updates().protect(trained, assignment);
  }

  private Ending upload(SealedUpdate update, Halt halt) throws IOException {
    tools.training().engine().forget(tools.place().folder(task.study()));
    Optional<Judgement.Refused> withdrawn = permission.refusal(NOTHING);
    if (withdrawn.isPresent()) {
      return refuse(withdrawn.get().why(), withdrawn.get().detail());
    }
    Optional<String> unmasked = masks.uploaded(update.id(), halt);
    if (unmasked.isPresent()) {
      return halt.halted() ? postponed(unmasked.get()) : refuse(Why.MASK_REFUSED, unmasked.get());
    }
    if (!permission.inHours(halt)) {
      return postponed("told to stop");
    }
    say(Phase.UPLOADING);
    long most = permission.volume().updateBytesPerDay();
    return switch (tools.transfer().uploader().send(update, masks.masked(), most, halt)) {
      case Delivery.Accepted(boolean duplicate) -> {
        tools
            .log()
            .accept(
                "%s: update %s %s, %d bytes"
                    .formatted(
                        TaskKey.of(task),
                        update.id().brief(),
                        duplicate ? "was there already" : "accepted",
                        update.manifest().seal().sealedBytes()));
        ControlVariates.in(tools.place().folder(task.study())).accept(task.round());
        carriage.drop();
        Residuals.in(tools.place().folder(task.study())).accept(task.round());
        say(Phase.DONE);
        yield Ending.OK;
      }
      case Delivery.OverLimit(String detail) -> refuse(Why.EGRESS_LIMIT, detail);
      case Delivery.Late(String reason) -> late(reason);
      case Delivery.Refused(String reason) when update.manifest().origin() > 0 -> {
        tools.log().accept("%s: not carried: %s".formatted(TaskKey.of(task), reason));
        carriage.drop(); // first: killed in between, it sends the same bytes again
        tools.transfer().outbox().remove(task.study(), task.round());
        yield train(halt); // for this round itself
      }
      case Delivery.Refused(String reason) -> refuse(Why.INTERNAL, "upload refused: " + reason);
      case Delivery.Postponed(String reason) -> postponed(reason);
    };
  }

  /** The round was closed; should it lose another's update and ask again, it gets what is kept. */
  private Ending late(String reason) {
    tools.log().accept("%s: late: %s".formatted(TaskKey.of(task), reason));
    return Ending.LATE;
  }

  /** Trains the site's own models while the others finish the round; a stop loses nothing. */
  void beside(Halt halt) throws IOException {
    if (task.kind() == RoundTask.Kind.TRAIN) {
      own.beside(foundation -> job(new Files(Path.of(""), foundation)), watch(halt), halt);
    }
  }

  private Ending validate(Halt halt) throws IOException {
    tools.transfer().outbox().removeBefore(task.study(), task.round() + 1);
    return fetched(halt, files -> validate(files, halt));
  }

  /** The round's version, and what the study starts from if that is not its seed. */
  private record Files(Path version, Optional<Path> foundation) {}

  /** What is done once the files are here. */
  @FunctionalInterface
  private interface Next {
    Ending with(Files files) throws IOException;
  }

  private Ending fetched(Halt halt, Next next) throws IOException {
    say(Phase.FETCHING);
    Optional<Path> foundation = Optional.empty();
    if (plan.foundation().isPresent()) {
      switch (tools
          .transfer()
          .fetcher()
          .fetch(OwnModels.reference(plan.foundation().get()), halt)) {
        case Fetched.Here(Path file) -> foundation = Optional.of(file);
        case Fetched.Refused(String reason) -> {
          return refuse(Why.BAD_MODEL, "foundation: " + reason);
        }
        case Fetched.Postponed(String reason) -> {
          return postponed(reason);
        }
      }
    }
    return switch (tools.transfer().fetcher().fetch(task.model(), halt)) {
      case Fetched.Here(Path file) -> next.with(new Files(file, foundation));
      case Fetched.Refused(String reason) -> refuse(Why.BAD_MODEL, reason);
      case Fetched.Postponed(String reason) -> postponed(reason);
    };
  }

  private Ending validate(Files files, Halt halt) throws IOException {
    Optional<String> another = diary().judge(task);
    if (another.isPresent()) {
      return refuse(
          Why.BAD_MODEL,
          "model %s was judged in round %d, window %d before; one model a window, and this is %s"
              .formatted(
                  another.get().substring(0, 12),
                  task.round(),
                  task.window(),
                  task.model().version().digest().brief()));
    }
    say(Phase.VALIDATING);
    if (task.window() == 0 && own.real()) {
      var _ = !own.baseline() || tools.training().engine().trainAlone(job(files), watch(halt));
      var _ = halt.halted() || tools.training().engine().trainPersonal(job(files), watch(halt));
      if (halt.halted()) {
        return postponed("validation was stopped");
      }
    }
    Findings findings = tools.validator().judge(validation(files));
    Optional<Judgement.Refused> withdrawn = permission.refusal(NOTHING);
    if (withdrawn.isPresent()) {
      return refuse(withdrawn.get().why(), withdrawn.get().detail());
    }
    ReleasedReport report = tools.exit().reports().protect(findings, permission.smallCell());
    return switch (tools.transfer().uploader().send(report, halt)) {
      case Delivery.Accepted _ -> {
        tools
            .log()
            .accept(
                "%s: report sent, %d measures"
                    .formatted(TaskKey.of(task), report.report().measures().size()));
        say(Phase.DONE);
        yield Ending.OK;
      }
      case Delivery.OverLimit(String detail) -> refuse(Why.EGRESS_LIMIT, detail);
      case Delivery.Late(String reason) -> late(reason);
      case Delivery.Refused(String reason) -> refuse(Why.INTERNAL, "report refused: " + reason);
      case Delivery.Postponed(String reason) -> postponed(reason);
    };
  }

  private Diary diary() {
    return new Diary(tools.place().folder(task.study()));
  }

  private TrainingJob job(Files files) {
    return new TrainingJob(
        plan,
        tools.place().site(),
        task.round(),
        files.version(),
        files.foundation(),
        task.model().layoutDigest(),
        tools.cohort(),
        tools.place().folder(task.study()),
        task.terms().map(RoundTask.Terms::referenceSamples).orElse(tools.cohort().trainingCount()));
  }

  private ValidationJob validation(Files files) {
    return new ValidationJob(
        task,
        plan,
        files.version(),
        files.foundation(),
        tools.cohort(),
        tools.place().folder(task.study()));
  }

  private LocalTrainer.Watch watch(Halt halt) {
    return (_, _, loss) -> {
      tools.metrics().step(task.study().value(), loss);
      FailPoint.TRAINING_STEP.reach();
      return task.kind() == RoundTask.Kind.TRAIN ? permission.inHours(halt) : !halt.halted();
    };
  }

  private Ending postponed(String reason) throws IOException {
    Optional<Judgement.Refused> distrust = tools.distrust();
    if (distrust.isPresent()) {
      return refuse(distrust.get().why(), distrust.get().detail());
    }
    tools.log().accept("%s postponed: %s".formatted(TaskKey.of(task), reason));
    return Ending.CANCELLED;
  }

  private void say(Phase phase) throws IOException {
    voice.say(progress(phase, Optional.empty()));
  }

  private Answer progress(Phase phase, Optional<Why> why) {
    return new Answer.Progress(task.study(), task.round(), task.window(), phase, why);
  }
}
