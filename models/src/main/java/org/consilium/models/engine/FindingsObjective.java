package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.protocol.StudyPlan;

/**
 * Several findings an image, each there, not there or not known: the mean over the known ones of
 * their binary cross-entropies. What is not known has no slope, so that sites with different labels
 * share one encoder. Under {@code balanced} a finding's present cases weigh as much as its absent
 * ones.
 */
final class FindingsObjective implements Objective {
  private final LocalModel model;
  private final LabelledFindings cases;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;

  /** [finding][target]. */
  private final double[][] weights;

  FindingsObjective(LocalModel model, LabelledFindings cases, TrainingRun run) {
    this.model = model;
    this.cases = cases;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
    this.weights = weights(cases, run.task());
  }

  private static double[][] weights(LabelledFindings cases, StudyPlan.Task task) {
    double[][] weights = new double[cases.findings()][];
    for (int f = 0; f < weights.length; f++) {
      double absent = cases.countOf(f, 0);
      double present = cases.countOf(f, 1);
      boolean both = absent > 0 && present > 0;
      weights[f] =
          task.correction().equals("balanced") && both
              ? new double[] {(absent + present) / (2 * absent), (absent + present) / (2 * present)}
              : new double[] {1, 1};
    }
    return weights;
  }

  @Override
  public int count() {
    return cases.count();
  }

  @Override
  public boolean divisible() {
    return true;
  }

  @Override
  public double pass(NDManager scope, Draw draw, Backward back) {
    int[] places = draw.places();
    ImageSet images = cases.images();
    int length = images.imageLength();
    float[] values = new float[places.length * length];
    for (int i = 0; i < places.length; i++) {
      augmentation.apply(
          images,
          places[i],
          preprocessing,
          draw.random().apply(places[i]),
          new Augmentation.Target(values, i * length));
    }
    NDArray logits = model.logits(model.batch(scope, values, places.length));
    float[] seen = logits.toFloatArray();
    float[] slope = new float[seen.length];
    double sum = 0;
    for (int i = 0; i < places.length; i++) {
      sum += one(seen, places[i], slope, i * cases.findings(), draw.share());
    }
    back.accept(logits, slope);
    return sum;
  }

  private double one(float[] logits, int image, float[] slope, int at, int share) {
    int known = 0;
    for (int f = 0; f < cases.findings(); f++) {
      known += cases.target(image, f) == LabelledFindings.UNKNOWN ? 0 : 1;
    }
    double sum = 0;
    for (int f = 0; f < cases.findings(); f++) {
      int target = cases.target(image, f);
      if (target != LabelledFindings.UNKNOWN) {
        double weight = weights[f][target] / known;
        sum += weight * Loss.binary(logits[at + f], target, slope, at + f, weight / share);
      }
    }
    return sum;
  }

  @Override
  public NDArray blank(NDManager scope) {
    return model.logits(model.batch(scope, new float[cases.images().imageLength()], 1));
  }
}
