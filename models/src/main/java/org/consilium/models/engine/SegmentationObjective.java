package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.task.SegmentationLoss;

/** One class a pixel: cross-entropy plus Dice of the logit maps. */
final class SegmentationObjective implements Objective {
  private final LocalModel model;
  private final LabelledMasks cases;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final SegmentationLoss loss;
  private final int classes;

  SegmentationObjective(LocalModel model, LabelledMasks cases, TrainingRun run) {
    this.model = model;
    this.cases = cases;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
    this.classes = model.architecture().spec().classes();
    this.loss = classes == 1 ? SegmentationLoss.BINARY_DICE_CE : SegmentationLoss.DICE_CE;
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
    int length = cases.images().imageLength();
    int area = cases.area();
    float[] values = new float[places.length * length];
    int[] labels = new int[places.length * area];
    for (int i = 0; i < places.length; i++) {
      SplittableRandom random = draw.random().apply(places[i]);
      Augmentation.Target target = new Augmentation.Target(values, i * length);
      augmentation.apply(cases.images(), places[i], preprocessing, random, target);
      augmentation.mask(cases, places[i], draw.random().apply(places[i]), labels, i * area);
    }
    NDArray logits = model.logits(model.batch(scope, values, places.length));
    float[] seen = logits.toFloatArray();
    float[] slope = new float[seen.length];
    SegmentationLoss.Maps maps = new SegmentationLoss.Maps(places.length, classes, area);
    double sum = loss.sum(seen, labels, slope, maps, draw.share());
    back.accept(logits, slope);
    return sum;
  }

  @Override
  public NDArray blank(NDManager scope) {
    return model.logits(model.batch(scope, new float[cases.images().imageLength()], 1));
  }
}
