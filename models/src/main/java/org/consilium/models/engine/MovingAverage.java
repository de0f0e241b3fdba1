package org.consilium.models.engine;

import java.util.List;

/**
 * Moving average of the trained parameters over a round's steps, a ← d·a + (1 − d)·w, from the
 * round's start on (Polyak &amp; Juditsky 1992 in its exponential form).
 */
final class MovingAverage {
  private static final int BLOCK = 2048;

  private final List<Optimiser.Trained> tensors;
  private final float decay;
  private final float[][] averages;
  private final float[] block = new float[BLOCK];

  MovingAverage(List<Optimiser.Trained> tensors, double decay) {
    this.tensors = tensors;
    this.decay = (float) decay;
    this.averages = new float[tensors.size()][];
    for (int t = 0; t < tensors.size(); t++) {
      averages[t] = new float[tensors.get(t).length()];
      tensors.get(t).weights().read(0, averages[t], 0, averages[t].length);
    }
  }

  /** Takes the parameters after a step in. */
  void add() {
    for (int t = 0; t < tensors.size(); t++) {
      float[] average = averages[t];
      for (int from = 0; from < average.length; from += BLOCK) {
        int length = Math.min(BLOCK, average.length - from);
        tensors.get(t).weights().read(from, block, 0, length);
        for (int i = 0; i < length; i++) {
          average[from + i] = decay * average[from + i] + (1 - decay) * block[i];
        }
      }
    }
  }

  /** The averages; its own arrays. */
  List<float[]> memory() {
    return List.of(averages);
  }

  /** Puts the average in the parameters' place. */
  void write() {
    for (int t = 0; t < tensors.size(); t++) {
      tensors.get(t).weights().write(0, averages[t], 0, averages[t].length);
    }
  }
}
