package org.consilium.site.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Progress;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.policy.Why;

/**
 * Trains on the tensor engine: FedAvg's and FedProx's local step (McMahan et al. 2017; Li et al.
 * 2020) as the plan says, and beside it, when the plan asks, a model on local data alone for
 * comparison.
 */
public final class EngineTrainer implements LocalTrainer {
  private static final String PROGRESS = "progress.bin";

  /** So many of the images, evenly spread, tell one set from another. */
  private static final int IMAGES_LOOKED_AT = 64;

  private static final Duration USUAL = Duration.ofMinutes(1);

  static final String NO_LEDGER = "this node keeps no privacy ledger";

  private final EngineSettings settings;
  private final Checkpoints checkpoints;
  private final Optional<PatientPurse> purse;

  /**
   * How the progress of a long round's training is kept.
   *
   * @param every shortest time between two writings
   * @param told where training goes on, or why not; for people at the hospital
   */
  public record Checkpoints(InstantSource clock, Duration every, Consumer<String> told) {}

  /**
   * With the engine's settings; one thread gives the same bits on every run. Without a purse it
   * refuses studies that hide patients.
   */
  public EngineTrainer(EngineSettings settings, InstantSource clock) {
    this(settings, clock, Optional.empty());
  }

  /**
   * The same, keeping a round's progress every minute.
   *
   * @param purse pays for training that hides patients
   */
  public EngineTrainer(EngineSettings settings, InstantSource clock, Optional<PatientPurse> purse) {
    this(settings, new Checkpoints(clock, USUAL, _ -> {}), purse);
  }

  /**
   * The same.
   *
   * @param purse pays for training that hides patients
   */
  public EngineTrainer(
      EngineSettings settings, Checkpoints checkpoints, Optional<PatientPurse> purse) {
    this.settings = settings;
    this.checkpoints = checkpoints;
    this.purse = purse;
  }

  /** Why this node cannot hide its patients as a plan asks; empty also where it does not ask. */
  public Optional<String> objection(StudyPlan plan) throws IOException {
    Optional<PatientPrivacy> terms = plan.protection().patients();
    if (terms.isEmpty()) {
      return Optional.empty();
    }
    return purse.isEmpty() ? Optional.of(NO_LEDGER) : purse.get().objection(plan);
  }

  @Override
  public TrainingResult train(TrainingJob job, Watch watch) throws IOException {
    Optional<String> unpaid = PatientPurse.objection(purse, job);
    if (unpaid.isPresent()) {
      return new TrainingResult.Failed(Why.PRIVACY_BUDGET, unpaid.get());
    }
    SafetensorsFile base = SafetensorsFile.open(job.base());
    boolean kept = false;
    LocalModel model = null;
    try {
      if (!base.layout().digest().equals(job.layoutDigest())) {
        return new TrainingResult.Failed(Why.BAD_MODEL, "the file's layout is not the task's");
      }
      if (job.plan().training().personal().ditto()) {
        new RoundBase(job.studyFolder()).keep(job.base(), job.round());
      }
      model = job.model().at(job.base(), job.round(), settings);
      OwnCourse course = new OwnCourse(job.studyFolder());
      OptionalDouble lambda = course.join(job, model);
      model.keepProgress(
          new Progress(
              job.studyFolder().resolve(PROGRESS),
              subject(job),
              checkpoints.clock(),
              checkpoints.every(),
              checkpoints.told()));
      TrainingRun run =
          TrainingRun.of(job.plan(), job.round(), job.seed(), watch::step)
              .corrected(RoundUpdate.correction(job, base))
              .hiding(PatientPurse.noise(purse, job));
      TrainingOutcome outcome = job.lesson().teach(model, run);
      if (outcome instanceof TrainingOutcome.Trained) {
        course.keep(job, model.set().shared(model), lambda);
      }
      TrainingResult result =
          switch (outcome) {
            case TrainingOutcome.Trained(double loss, int steps, _, double rates, _) ->
                trained(
                    job,
                    model,
                    base,
                    // The loss leaves with the update, and nothing hides a patient in it.
                    new Figures(
                        run.noise().isPresent() ? 0 : loss, new RoundUpdate.Done(steps, rates)));
            case TrainingOutcome.Diverged(int round, int step, double loss) ->
                new TrainingResult.Failed(
                    Why.DIVERGED, "round %d, step %d, loss %s".formatted(round, step, loss));
            case TrainingOutcome.Stopped _ -> new TrainingResult.Stopped();
            case TrainingOutcome.Unpaid(int step) ->
                new TrainingResult.Failed(
                    Why.PRIVACY_BUDGET, "round %d, after step %d".formatted(job.round(), step));
          };
      kept = result instanceof TrainingResult.Trained;
      return result;
    } catch (IllegalArgumentException unfit) {
      return new TrainingResult.Failed(Why.BAD_DATA, String.valueOf(unfit.getMessage()));
    } finally {
      if (!kept) {
        base.close();
        if (model != null) {
          model.close();
        }
      }
    }
  }

  /**
   * Brings the local-only model of the study up to {@code job.round()}: the same settings without
   * the proximal term, from the study's initial parameters, on this site's cases alone. Rounds that
   * are already on disk are not trained again, so that a restart continues; rounds that this site
   * missed are made up for. Where the plan tunes after the last round, so does this model, and has
   * made as many steps as the personal one. The model never leaves.
   *
   * @return whether it is up to date; false when it diverged or was stopped
   */
  public boolean trainAlone(TrainingJob job, Watch watch) throws IOException {
    SiteModel file = SiteModel.alone(job.studyFolder());
    int done = file.round();
    if (done >= job.round()) {
      return true;
    }
    try (LocalModel model = file.open(job.model(), settings)) {
      for (int round = done + 1; round <= job.round(); round++) {
        TrainingRun run = TrainingRun.of(job.plan(), round, job.seed(), watch::step);
        TrainingRun alone = run.with(job.plan().training().withoutProximalTerm());
        if (!(job.lesson().teach(model, alone) instanceof TrainingOutcome.Trained)) {
          return false;
        }
        if (round == job.plan().rounds()
            && job.plan().training().personal().tunesAfter()
            && !(job.lesson().teach(model, PersonalTraining.tuning(job, watch))
                instanceof TrainingOutcome.Trained)) {
          return false;
        }
        file.write(model, ModelSheet.of(job.plan()), round);
      }
      return true;
    }
  }

  /**
   * Brings the personal model of the study up to {@code job.round()}, if the plan has one: a round
   * of Ditto, from the shared parameters that this site's training of the round began with; or,
   * after the last round, further training of {@code job.base()}. What is on disk already is not
   * trained again. The model never leaves.
   *
   * @return whether nothing is left to do; false when it diverged or was stopped
   */
  public boolean trainPersonal(TrainingJob job, Watch watch) throws IOException {
    return new PersonalTraining(job, settings, watch).bringUp();
  }

  /** Forgets how far a round's training was: its update is safe. */
  public void forget(Path studyFolder) throws IOException {
    Progress.drop(studyFolder.resolve(PROGRESS));
  }

  /** Whose round this is, and of which images; settings and values are the engine's to add. */
  private static Digest subject(TrainingJob job) throws IOException {
    MessageDigest sha = Digest.newSha256();
    sha.update((job.plan().study() + "/" + job.site()).getBytes(StandardCharsets.UTF_8));
    ImageSet images = job.lesson().pictures();
    int apart = Math.max(1, images.count() / IMAGES_LOOKED_AT);
    for (int i = 0; i < images.count(); i += apart) {
      sha.update(images.image(i));
    }
    return Digest.of(sha.digest());
  }

  private record Figures(double loss, RoundUpdate.Done done) {}

  private static TrainingResult trained(
      TrainingJob job, LocalModel model, SafetensorsFile base, Figures figures) throws IOException {
    Optional<double[]> outputs =
        job.plan().aggregation().rule() == Aggregation.Rule.FEDDG_GA
            ? Optional.of(job.lesson().outputs(model, job.lesson().holdout()))
            : Optional.empty();
    Optional<ParameterSource> own = model.set().local(model);
    if (own.isPresent()) {
      job.model().ownPart().write(own.get(), job.round(), Map.of());
    }
    return new TrainingResult.Trained(
        Delta.between(RoundUpdate.of(job, base, model.set().shared(model), figures.done()), base),
        figures.loss(),
        figures.done().steps(),
        outputs,
        () -> {
          model.close();
          base.close();
        });
  }
}
