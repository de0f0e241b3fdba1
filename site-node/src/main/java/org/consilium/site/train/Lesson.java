package org.consilium.site.train;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.Split;
import org.consilium.models.engine.ImageText;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.engine.TwoViews;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSource;

/**
 * A study's question put to this site's cases.
 *
 * @param plan the study
 * @param cohort local cases
 */
public record Lesson(StudyPlan plan, CohortSource cohort) {
  /** Trains a model on the cases that the question needs. */
  TrainingOutcome teach(LocalModel model, TrainingRun run) throws IOException {
    return switch (plan.task().type()) {
      case CLASSIFICATION, MASKED, CONTRASTIVE -> model.train(cohort.training(), run);
      case MULTILABEL -> model.train(findings(Split.TRAIN), run);
      case SEGMENTATION -> model.train(masks(Split.TRAIN), run);
      case IMAGE_TEXT -> ImageText.train(model, texts(Split.TRAIN), run);
    };
  }

  /**
   * The training images.
   *
   * @throws IllegalArgumentException if these cases do not have what the study needs
   * @throws IOException if they cannot be read
   */
  public ImageSet pictures() throws IOException {
    return switch (plan.task().type()) {
      case CLASSIFICATION, MASKED, CONTRASTIVE -> cohort.training();
      case MULTILABEL -> findings(Split.TRAIN).images();
      case SEGMENTATION -> masks(Split.TRAIN).images();
      case IMAGE_TEXT -> texts(Split.TRAIN).images();
    };
  }

  /** The hold-out's images. */
  public ImageSet holdout() throws IOException {
    return switch (plan.task().type()) {
      // Zero-shot answers are judged by labels; texts are for training alone.
      case CLASSIFICATION, MASKED, CONTRASTIVE, IMAGE_TEXT -> cohort.holdout();
      case MULTILABEL -> findings(Split.VALIDATION).images();
      case SEGMENTATION -> masks(Split.VALIDATION).images();
    };
  }

  /**
   * What the model says of some images: logits, or one loss an image where nothing is labelled.
   *
   * @throws IllegalArgumentException if the images do not fit the model
   */
  public double[] outputs(LocalModel model, ImageSet images) throws IOException {
    Preprocessing preprocessing = Preprocessing.of(plan.training());
    return switch (plan.task().type()) {
      case MASKED -> model.drawingLosses(images, preprocessing, plan.seed());
      case CONTRASTIVE -> TwoViews.losses(model, images, plan.training(), plan.seed());
      case IMAGE_TEXT -> ImageText.of(model).zeroShot(images, preprocessing, plan.labels());
      case CLASSIFICATION, MULTILABEL, SEGMENTATION -> model.predict(images, preprocessing);
    };
  }

  /** Cases of a split with their findings. */
  public LabelledFindings findings(Split split) throws IOException {
    return required(cohort.findings(split), "several findings an image");
  }

  /** Cases of a split with their masks. */
  public LabelledMasks masks(Split split) throws IOException {
    return required(cohort.masks(split, Math.max(2, plan.model().classes())), "a mask an image");
  }

  /** Cases of a split with their texts. */
  public LabelledTexts texts(Split split) throws IOException {
    return required(cohort.texts(split), "a text an image");
  }

  private static <T> T required(Optional<T> cases, String what) throws IOException {
    return cases.orElseThrow(
        () -> new IllegalArgumentException("the study needs " + what + ", these cases have none"));
  }
}
