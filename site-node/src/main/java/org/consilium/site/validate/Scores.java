package org.consilium.site.validate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.models.data.ImageSet;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.metrics.ClassTable;
import org.consilium.models.metrics.LabelledScores;
import org.consilium.models.metrics.ProbabilityScores;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/**
 * A model's predictions on some cases, and what is measured from them. A yes/no question has one
 * logit (probability of class 1 by the logistic function) or two.
 */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
record Scores(int[] labels, double[] logits, int classes) implements Judged {
  static Scores of(ImageSet cases, double[] logits, int modelClasses) {
    int classes = Math.max(2, modelClasses);
    for (int i = 0; i < cases.count(); i++) {
      if (cases.label(i) >= classes) {
        throw new IllegalArgumentException(
            "validate: labels must be below %d, case %d has %d"
                .formatted(classes, i, cases.label(i)));
      }
    }
    return new Scores(cases.labels(), logits, modelClasses);
  }

  @Override
  public Counts counts() {
    int[] counts = new int[Math.max(2, classes)];
    for (int label : labels) {
      counts[label]++;
    }
    List<Integer> perClass = new ArrayList<>();
    for (int count : counts) {
      perClass.add(count);
    }
    return new Counts(perClass);
  }

  /** Whether the question is yes or no. */
  boolean binary() {
    return classes <= 2;
  }

  /** Who was called what, by the largest output. */
  ClassTable table() {
    return ClassTable.of(labels, logits, classes);
  }

  /** Probabilities of class 1; for a yes/no question only. */
  LabelledScores positive() {
    double[] scores = new double[labels.length];
    for (int i = 0; i < labels.length; i++) {
      double logit = classes == 1 ? logits[i] : logits[2 * i + 1] - logits[2 * i];
      scores[i] = 1 / (1 + Math.exp(-logit));
    }
    return new LabelledScores(labels, scores);
  }

  @Override
  public List<Finding> findings(Subject subject, Cases kind) {
    return binary() ? ofTwo(subject, kind) : ofMany(subject, kind);
  }

  private List<Finding> ofTwo(Subject subject, Cases kind) {
    LabelledScores scores = positive();
    List<Finding> found = new ArrayList<>();
    Optional<Auroc> auroc = Auroc.of(scores);
    auroc.ifPresent(
        a ->
            found.add(
                new Finding(
                    subject,
                    kind,
                    Quantity.AUROC,
                    a.estimate(),
                    a.interval().lower(),
                    a.interval().upper())));
    if (scores.count() > 0) {
      found.add(Finding.plain(subject, kind, Quantity.LOG_LOSS, ProbabilityScores.logLoss(scores)));
      found.add(
          Finding.plain(
              subject,
              kind,
              Quantity.CALIBRATION_ERROR,
              ProbabilityScores.calibrationError(scores)));
    }
    return found;
  }

  private List<Finding> ofMany(Subject subject, Cases kind) {
    double[][] rows = new double[labels.length][];
    for (int i = 0; i < labels.length; i++) {
      float[] row = new float[classes];
      for (int c = 0; c < classes; c++) {
        row[c] = (float) logits[i * classes + c];
      }
      rows[i] = ProbabilityScores.softmax(row);
    }
    List<Finding> found = new ArrayList<>();
    OptionalDouble auroc = Auroc.macroOneVersusRest(labels, rows);
    auroc.ifPresent(a -> found.add(Finding.plain(subject, kind, Quantity.AUROC, a)));
    if (labels.length > 0) {
      found.add(
          Finding.plain(subject, kind, Quantity.LOG_LOSS, ProbabilityScores.logLoss(labels, rows)));
    }
    return found;
  }
}
