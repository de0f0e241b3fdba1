package org.consilium.models.engine;

import org.consilium.models.data.ImageSet;
import org.consilium.protocol.StudyPlan;

/**
 * What the loss does about classes that are rare at a site.
 *
 * <p>{@code balanced}: an example weighs n / (K·n_c), so that every class present has the same
 * part. {@code prior}: ln of the class's prevalence at this site is added to its logit in the loss
 * alone (A. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021): what the model
 * says then does not depend on how common a class is here, and sites with different prevalence
 * agree.
 *
 * @param shift added to the logits, one a class
 * @param weight factor on the loss, one a class; two for a single logit
 */
record Correction(double[] shift, double[] weight) {
  /** A prevalence is taken as at least this and at most one minus it. */
  private static final double PREVALENCE_MIN = 0.002;

  /** Nothing is corrected. */
  static Correction none(int classes) {
    double[] weight = new double[Math.max(2, classes)];
    java.util.Arrays.fill(weight, 1);
    return new Correction(new double[classes], weight);
  }

  /** The correction for a training set. */
  static Correction of(StudyPlan.Task task, ImageSet images, int classes) {
    int kinds = Math.max(2, classes);
    double[] shift = new double[classes];
    double[] weight = new double[kinds];
    java.util.Arrays.fill(weight, 1);
    int present = 0;
    for (int c = 0; c < kinds; c++) {
      present += images.countOf(c) > 0 ? 1 : 0;
    }
    for (int c = 0; c < kinds; c++) {
      double part = (double) images.countOf(c) / images.count();
      double prevalence = Math.clamp(part, PREVALENCE_MIN, 1 - PREVALENCE_MIN);
      if (task.correction().equals("balanced") && part > 0) {
        weight[c] = 1 / (present * part);
      }
      if (task.correction().equals("prior") && classes > 1) {
        shift[c] = StrictMath.log(prevalence);
      } else if (task.correction().equals("prior") && c == 1) {
        shift[0] = StrictMath.log(prevalence / (1 - prevalence));
      }
    }
    return new Correction(shift, weight);
  }
}
