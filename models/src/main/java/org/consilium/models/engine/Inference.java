package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.consilium.models.data.ImageSet;

/** Forward passes over all images of a set, as many at once as memory allows. */
record Inference(LocalModel model) {
  /** All outputs, [count, outputs] row-major. */
  double[] logits(ImageSet images, Preprocessing preprocessing, int outputs)
      throws EngineUnavailable {
    double[] logits = new double[Math.multiplyExact(images.count(), outputs)];
    float[] seen = run(images, preprocessing, model::logits);
    for (int i = 0; i < seen.length; i++) {
      logits[i] = seen[i];
    }
    return logits;
  }

  /** What {@code pass} makes of every image, one after the other. */
  float[] run(ImageSet images, Preprocessing preprocessing, UnaryOperator<NDArray> pass)
      throws EngineUnavailable {
    List<float[]> parts = new ArrayList<>();
    MicroBatch batch = model.microBatch(images.count());
    int done = 0;
    while (done < images.count()) {
      int from = done;
      int some = Math.min(batch.size(), images.count() - from);
      if (batch.fits(
          some, () -> parts.add(pass(images, preprocessing, new Run(from, some), pass)))) {
        done += some;
      }
    }
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  private record Run(int from, int count) {}

  private float[] pass(
      ImageSet images, Preprocessing preprocessing, Run run, UnaryOperator<NDArray> pass) {
    float[] values = normalised(images, preprocessing, run.from(), run.count());
    try (NDManager scope = model.manager().newSubManager()) {
      return pass.apply(model.batch(scope, values, run.count())).toFloatArray();
    }
  }

  static float[] normalised(ImageSet images, Preprocessing preprocessing, int from, int count) {
    int length = images.imageLength();
    float[] values = new float[count * length];
    for (int i = 0; i < count; i++) {
      Preprocessing.grey(images, from + i, values, i * length);
      preprocessing.normalise(values, i * length, length);
    }
    return values;
  }
}
