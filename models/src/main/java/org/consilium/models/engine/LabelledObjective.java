package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.consilium.models.data.ImageSet;

/** One class an image: cross-entropy of the logits. */
final class LabelledObjective implements Objective {
  private final LocalModel model;
  private final ImageSet images;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final Correction correction;

  LabelledObjective(LocalModel model, ImageSet images, TrainingRun run) {
    this.model = model;
    this.images = images;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
    this.correction = Correction.of(run.task(), images, model.architecture().spec().classes());
  }

  @Override
  public int count() {
    return images.count();
  }

  @Override
  public boolean divisible() {
    return true;
  }

  @Override
  public double pass(NDManager scope, Draw draw, Backward back) {
    int[] places = draw.places();
    int length = images.imageLength();
    float[] values = new float[places.length * length];
    int[] labels = new int[places.length];
    for (int i = 0; i < places.length; i++) {
      augmentation.apply(
          images,
          places[i],
          preprocessing,
          draw.random().apply(places[i]),
          new Augmentation.Target(values, i * length));
      labels[i] = images.label(places[i]);
    }
    NDArray logits = model.logits(model.batch(scope, values, places.length));
    float[] seen = logits.toFloatArray();
    float[] slope = new float[seen.length];
    double sum = Loss.sum(seen, labels, correction, slope, draw.share());
    back.accept(logits, slope);
    return sum;
  }

  @Override
  public NDArray blank(NDManager scope) {
    return model.logits(model.batch(scope, new float[images.imageLength()], 1));
  }
}
