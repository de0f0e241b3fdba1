package org.consilium.site.validate;

import java.io.IOException;
import java.util.List;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.train.Lesson;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/** What a model said of some cases, beside what is true of them. */
sealed interface Judged permits Scores, FindingScores, MaskScores, DrawingScores {
  /** Numbers of cases, for the small-cell rule. */
  Counts counts();

  /** What is measured. */
  List<Finding> findings(Subject subject, Cases kind);

  /**
   * The hold-out judged.
   *
   * @param outputs as {@link Lesson#outputs} gave them
   */
  static Judged holdout(Lesson lesson, double[] outputs) throws IOException {
    return switch (lesson.plan().task().type()) {
      case CLASSIFICATION, IMAGE_TEXT -> cases(lesson, lesson.holdout(), outputs);
      case MULTILABEL -> new FindingScores(lesson.findings(Split.VALIDATION), outputs);
      case SEGMENTATION ->
          new MaskScores(lesson.masks(Split.VALIDATION), outputs, lesson.plan().model().classes());
      case MASKED, CONTRASTIVE -> new DrawingScores(outputs);
    };
  }

  /** Cases with one class each judged. */
  static Scores cases(Lesson lesson, ImageSet cases, double[] logits) {
    return Scores.of(cases, logits, lesson.plan().model().classes());
  }
}
