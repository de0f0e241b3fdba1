package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.models.task.MaskedPixels;
import org.consilium.models.task.PatchMask;

/** Hidden patches of an image are drawn from the others (He et al. 2022), without any label. */
final class MaskedObjective implements Objective {
  private final ImageSet images;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final MaskedDrawing drawing;

  MaskedObjective(MaskedDrawing drawing, ImageSet images, TrainingRun run) {
    this.drawing = drawing;
    this.images = images;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
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
    SplittableRandom[] generators = new SplittableRandom[places.length];
    for (int i = 0; i < places.length; i++) {
      generators[i] = draw.random().apply(places[i]);
      Augmentation.Target target = new Augmentation.Target(values, i * length);
      augmentation.apply(images, places[i], preprocessing, generators[i], target);
    }
    PatchMask mask = drawing.mask(generators);
    NDArray drawn = drawing.draw(scope, values, mask);
    MaskedPixels.Judged judged = drawing.pixels().judge(drawn.toFloatArray(), values, mask);
    float share = (float) places.length / draw.share();
    float[] slope = judged.slope();
    for (int i = 0; i < slope.length; i++) {
      slope[i] *= share;
    }
    back.accept(drawn, slope);
    return judged.loss() * places.length;
  }

  @Override
  public NDArray blank(NDManager scope) {
    PatchMask mask = drawing.mask(new SplittableRandom(0));
    return drawing.draw(scope, new float[images.imageLength()], mask);
  }
}
