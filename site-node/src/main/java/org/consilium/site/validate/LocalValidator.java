package org.consilium.site.validate;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.metrics.Standardised;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.train.SiteModel;
import org.consilium.site.train.StudyModel;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/**
 * Judges models on this hospital's own cases. In a round: the published model, the site's own
 * models and the model after local training, on the fixed hold-out, of which the site keeps the
 * best. In a monitoring window: the released model on recent cases, and how far they are from the
 * hold-out of the same model. One thread.
 */
public final class LocalValidator {
  /** Hold-out predictions kept: one a window's model, one a round's. */
  private static final int CACHED_MAX = 4;

  private final EngineSettings settings;
  private final Map<String, double[]> holdoutOutputs =
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
    Judged global = Judged.holdout(job.lesson(), cached(job));
    List<Finding> found = new ArrayList<>(global.findings(Subject.GLOBAL, Cases.HOLDOUT));
    if (job.task().window() == 0) {
      if (job.plan().training().localBaseline()) {
        found.addAll(own(job, SiteModel.alone(job.studyFolder()), Subject.LOCAL_ONLY));
      }
      if (!job.plan().training().personal().wanted()) {
        found.addAll(TrainedFindings.in(job.studyFolder()).read(job.task().round()));
        return findings(job, global.counts(), Optional.empty(), found);
      }
      found.addAll(own(job, SiteModel.personal(job.studyFolder()), Subject.PERSONAL));
      Choice choice = Choice.of(job, found);
      keep(job, choice);
      found.addAll(TrainedFindings.in(job.studyFolder()).read(job.task().round()));
      return findings(job, global.counts(), Optional.empty(), found).keeping(choice.kept());
    }
    Optional<ImageSet> recent = job.cohort().window(job.task().window());
    if (recent.isEmpty() || !(global instanceof Scores holdout)) {
      return findings(job, global.counts(), Optional.empty(), found);
    }
    Scores window = Judged.cases(job.lesson(), recent.get(), outputs(job, recent.get()));
    found.addAll(window.findings(Subject.GLOBAL, Cases.WINDOW));
    found.addAll(shift(job, holdout, window));
    return findings(job, global.counts(), Optional.of(window.counts()), found);
  }

  /**
   * Keeps what the model after local training scores on the hold-out, for the round's report.
   *
   * @param outputs of the hold-out, as the trainer gave them
   */
  public void keepTrained(ValidationJob job, double[] outputs) throws IOException {
    Judged scores = Judged.holdout(job.lesson(), outputs);
    TrainedFindings.in(job.studyFolder())
        .write(job.task().round(), scores.findings(Subject.LOCAL_TRAINED, Cases.HOLDOUT));
  }

  private List<Finding> own(ValidationJob job, SiteModel own, Subject subject) throws IOException {
    if (!Files.exists(own.path()) || own.round() != job.task().round()) {
      return List.of();
    }
    try (SafetensorsFile parameters = SafetensorsFile.open(own.path());
        LocalModel model = LocalModel.open(job.plan().model(), settings)) {
      model.load(parameters);
      double[] outputs = job.lesson().outputs(model, job.lesson().holdout());
      return Judged.holdout(job.lesson(), outputs).findings(subject, Cases.HOLDOUT);
    }
  }

  /** First the model, then the words: a crash in between is made good by the repetition. */
  private void keep(ValidationJob job, Choice choice) throws IOException {
    SiteModel kept = SiteModel.kept(job.studyFolder());
    switch (choice.kept()) {
      case LOCAL_ONLY -> kept.copy(SiteModel.alone(job.studyFolder()));
      case PERSONAL -> kept.copy(SiteModel.personal(job.studyFolder()));
      case GLOBAL, LOCAL_TRAINED -> {
        try (LocalModel model = global(job)) {
          kept.write(model, ModelSheet.of(job.plan()), job.task().round());
        }
      }
    }
    choice.write(job.studyFolder());
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

  private double[] cached(ValidationJob job) throws IOException {
    String version = job.task().model().version().toString();
    double[] known = holdoutOutputs.get(version);
    if (known != null) {
      return known;
    }
    double[] outputs = outputs(job, job.lesson().holdout());
    holdoutOutputs.put(version, outputs);
    return outputs;
  }

  /** By the task's model with this site's own part, as the next round would start from it. */
  private double[] outputs(ValidationJob job, ImageSet images) throws IOException {
    try (LocalModel model = global(job)) {
      return job.lesson().outputs(model, images);
    }
  }

  private LocalModel global(ValidationJob job) throws IOException {
    StudyModel study = new StudyModel(job.plan(), job.foundation(), job.studyFolder());
    return study.at(job.model(), job.task().round() + 1, settings);
  }

  private static Findings findings(
      ValidationJob job, Counts holdout, Optional<Counts> recent, List<Finding> found) {
    return new Findings(
        job.round(), job.task().window(), job.task().model().version(), holdout, recent, found);
  }
}
