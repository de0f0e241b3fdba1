package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.task.ContrastiveLoss;
import org.consilium.models.text.Vocabulary;

/**
 * Images and their texts are to be found alike among all others of the step (A. Radford et al.,
 * "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, figure 3).
 * What an image is told from is in this site's batch alone. Under the correction {@code soft} a
 * text that says the same as the image's own is right as well.
 */
final class ImageTextObjective implements Objective {
  private final LocalModel model;
  private final ImageText towers;
  private final LabelledTexts cases;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final boolean soft;

  ImageTextObjective(LocalModel model, LabelledTexts cases, TrainingRun run) {
    this.model = model;
    this.towers = ImageText.of(model);
    this.cases = cases;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
    this.soft = run.task().correction().equals("soft");
  }

  @Override
  public int count() {
    return cases.count();
  }

  @Override
  public boolean divisible() {
    return false;
  }

  @Override
  public double pass(NDManager scope, Draw draw, Backward back) {
    int[] places = draw.places();
    int length = cases.images().imageLength();
    float[] values = new float[places.length * length];
    List<String> said = new ArrayList<>();
    for (int i = 0; i < places.length; i++) {
      Augmentation.Target target = new Augmentation.Target(values, i * length);
      augmentation.apply(
          cases.images(), places[i], preprocessing, draw.random().apply(places[i]), target);
      said.add(cases.texts().get(places[i]));
    }
    NDArray images = towers.images(model.batch(scope, values, places.length));
    NDArray texts = towers.texts(scope, said);
    NDArray logarithm = towers.logarithm(scope);
    double scale = StrictMath.exp(logarithm.toFloatArray()[0]);
    ContrastiveLoss.Pairs pairs =
        new ContrastiveLoss.Pairs(wide(images), wide(texts), places.length);
    ContrastiveLoss.Slopes judged =
        soft
            ? ContrastiveLoss.clip(pairs, scale, Vocabulary.alike(said))
            : ContrastiveLoss.clip(pairs, scale);
    back.accept(images, narrow(judged.first()));
    back.accept(texts, narrow(judged.second()));
    // d/d ln(scale) = scale · d/d scale.
    back.accept(logarithm, new float[] {(float) (scale * judged.scale())});
    return judged.loss() * places.length;
  }

  /** The multiplier stays between 1 and 100. */
  @Override
  public void stepped() {
    TensorStorage storage = towers.scale();
    float[] value = new float[1];
    storage.read(0, value, 0, 1);
    float bounded = Math.clamp(value[0], 0f, (float) DualEncoder.LOGIT_SCALE_MAX);
    if (bounded != value[0]) {
      storage.write(0, new float[] {bounded}, 0, 1);
    }
  }

  @Override
  public NDArray blank(NDManager scope) {
    float[] black = new float[cases.images().imageLength()];
    NDArray images = towers.images(model.batch(scope, black, 1));
    NDArray texts = towers.texts(scope, List.of("no"));
    return images.add(texts).add(towers.logarithm(scope));
  }

  private static double[] wide(NDArray vectors) {
    float[] values = vectors.toFloatArray();
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private static float[] narrow(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }
}
