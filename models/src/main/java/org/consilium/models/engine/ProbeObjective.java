package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import org.consilium.models.data.ImageSet;

/**
 * One class an image, judged by the head alone: every image is embedded once, without augmentation,
 * and the steps see the embeddings.
 */
final class ProbeObjective implements Objective {
  private final LocalModel model;
  private final ImageSet images;
  private final Correction correction;
  private final float[] embeddings;
  private final int width;

  ProbeObjective(LocalModel model, ImageSet images, TrainingRun run) throws IOException {
    this.model = model;
    this.images = images;
    this.correction = Correction.of(run.task(), images, model.architecture().spec().classes());
    this.embeddings = model.embeddings(images, Preprocessing.of(run.plan()));
    this.width = embeddings.length / images.count();
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
    float[] values = new float[places.length * width];
    int[] labels = new int[places.length];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(embeddings, places[i] * width, values, i * width, width);
      labels[i] = images.label(places[i]);
    }
    NDArray logits = model.head(scope.create(values, new Shape(places.length, width)));
    float[] seen = logits.toFloatArray();
    float[] slope = new float[seen.length];
    double sum = Loss.sum(seen, labels, correction, slope, draw.share());
    back.accept(logits, slope);
    return sum;
  }

  @Override
  public NDArray blank(NDManager scope) {
    return model.head(scope.zeros(new Shape(1, width)));
  }
}
