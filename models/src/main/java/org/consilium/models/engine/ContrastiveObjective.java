package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.models.task.ContrastiveLoss;

/** Two views of an image are told from all other images of the step, without any label. */
final class ContrastiveObjective implements Objective {
  private final ImageSet images;
  private final TwoViews views;

  ContrastiveObjective(LocalModel model, ImageSet images, TrainingRun run) {
    this.images = images;
    this.views = new TwoViews(model, images, run.plan());
  }

  @Override
  public int count() {
    return images.count();
  }

  @Override
  public boolean divisible() {
    return false;
  }

  @Override
  public double pass(NDManager scope, Draw draw, Backward back) {
    int count = draw.places().length;
    SplittableRandom[] random = new SplittableRandom[count];
    for (int i = 0; i < count; i++) {
      random[i] = draw.random().apply(draw.places()[i]);
    }
    NDArray projected = views.project(scope, draw.places(), random);
    ContrastiveLoss.Slopes judged = TwoViews.judge(projected.toFloatArray(), count);
    float[] slope = new float[2 * judged.first().length];
    for (int i = 0; i < judged.first().length; i++) {
      slope[i] = (float) judged.first()[i];
      slope[judged.first().length + i] = (float) judged.second()[i];
    }
    back.accept(projected, slope);
    return judged.loss() * count;
  }

  @Override
  public NDArray blank(NDManager scope) {
    return views.project(scope, new float[images.imageLength()], 1);
  }
}
