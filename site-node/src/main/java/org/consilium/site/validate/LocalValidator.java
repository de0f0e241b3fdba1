package org.consilium.site.validate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.metrics.Standardised;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.train.LocalOnlyModel;
import org.consilium.site.train.StudyModel;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/**
 * Judges models on this hospital's own cases. In a round: the published model, the local-only model
 * and the model after local training, on the fixed hold-out. In a monitoring window: the released
 * model on recent cases, and how far they are from the hold-out of the same model. One thread.
 */
public final class LocalValidator {
  /** Hold-out predictions kept: one a window's model, one a round's. */
  private static final int CACHED_MAX = 4;

  private final EngineSettings settings;
  private final Map<String, double[]> holdoutLogits =
      new LinkedHashMap<>(8, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, double[]> eldest) {
          return size() > CACHED_MAX;
        }
      };

  /** With the engine's settings. */
  public LocalValidator(EngineSettings settings) {
    this.settings = settings;
  }

  /**
   * What this site finds about the task's model.
   *
   * @throws IllegalArgumentException if images or labels do not fit the study
   * @throws IOException if a file cannot be read or the engine is not there
   */
  public Findings judge(ValidationJob job) throws IOException {
    if (job.plan().model().architecture().equals("synthetic")) {
      return findings(job, new Counts(List.of()), Optional.empty(), List.of());
    }
    ImageSet holdout = job.cohort().holdout();
    Scores global =
        scores(job.plan(), holdout, cached(job.task().model().version().toString(), job));
    List<Finding> found = new ArrayList<>();
    if (job.task().window() == 0) {
      found.addAll(global.findings(Subject.GLOBAL, Cases.HOLDOUT));
      found.addAll(localOnly(job, holdout));
      found.addAll(TrainedFindings.in(job.studyFolder()).read(job.task().round()));
      return findings(job, global.counts(), Optional.empty(), found);
    }
    found.addAll(global.findings(Subject.GLOBAL, Cases.HOLDOUT));
    Optional<ImageSet> recent = job.cohort().window(job.task().window());
    if (recent.isEmpty()) {
      return findings(job, global.counts(), Optional.empty(), found);
    }
    Scores window = scores(job.plan(), recent.get(), predict(job, recent.get()));
    found.addAll(window.findings(Subject.GLOBAL, Cases.WINDOW));
    found.addAll(shift(job, global, window));
    return findings(job, global.counts(), Optional.of(window.counts()), found);
  }

  /**
   * Keeps what the model after local training scores on the hold-out, for the round's report.
   *
   * @param logits of the hold-out, as the trainer gave them
   */
  public void keepTrained(ValidationJob job, double[] logits) throws IOException {
    Scores scores = scores(job.plan(), job.cohort().holdout(), logits);
    TrainedFindings.in(job.studyFolder())
        .write(job.task().round(), scores.findings(Subject.LOCAL_TRAINED, Cases.HOLDOUT));
  }

  private List<Finding> localOnly(ValidationJob job, ImageSet holdout) throws IOException {
    LocalOnlyModel alone = LocalOnlyModel.in(job.studyFolder());
    if (!job.plan().training().localBaseline()
        || !Files.exists(alone.path())
        || alone.round() != job.task().round()) {
      return List.of();
    }
    double[] logits = predictWhole(alone.path(), job.plan(), holdout);
    return scores(job.plan(), holdout, logits).findings(Subject.LOCAL_ONLY, Cases.HOLDOUT);
  }

  private static List<Finding> shift(ValidationJob job, Scores holdout, Scores window) {
    if (!holdout.binary()) {
      return List.of();
    }
    long seed = job.plan().seed() + job.task().window();
    return Standardised.shift(holdout.positive(), window.positive(), seed)
        .map(
            s ->
                List.of(
                    Finding.plain(Subject.GLOBAL, Cases.WINDOW, Quantity.AUROC_SHIFT, s.aurocZ()),
                    Finding.plain(
                        Subject.GLOBAL, Cases.WINDOW, Quantity.LOG_LOSS_SHIFT, s.logLossZ())))
        .orElse(List.of());
  }

  private double[] cached(String version, ValidationJob job) throws IOException {
    double[] known = holdoutLogits.get(version);
    if (known != null) {
      return known;
    }
    double[] logits = predict(job, job.cohort().holdout());
    holdoutLogits.put(version, logits);
    return logits;
  }

  /** By the task's model with this site's own part, as the next round would start from it. */
  private double[] predict(ValidationJob job, ImageSet images) throws IOException {
    StudyModel study = new StudyModel(job.plan(), job.foundation(), job.studyFolder());
    try (LocalModel model = study.at(job.model(), job.task().round() + 1, settings)) {
      return model.predict(images, Preprocessing.of(job.plan().training()));
    }
  }

  private double[] predictWhole(Path file, StudyPlan plan, ImageSet images) throws IOException {
    try (SafetensorsFile parameters = SafetensorsFile.open(file);
        LocalModel model = LocalModel.open(plan.model(), settings)) {
      model.load(RoundLayout.parameters(parameters));
      return model.predict(images, Preprocessing.of(plan.training()));
    }
  }

  private static Scores scores(StudyPlan plan, ImageSet cases, double[] logits) {
    return Scores.of(cases, logits, plan.model().classes());
  }

  private static Findings findings(
      ValidationJob job, Counts holdout, Optional<Counts> recent, List<Finding> found) {
    return new Findings(
        job.round(), job.task().window(), job.task().model().version(), holdout, recent, found);
  }
}
