package org.consilium.models.engine;

import java.io.IOException;
import java.util.List;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.Squares;

/**
 * The gradient of some tensors with FedProx's pull μ(w − w_t) towards where they stood at first,
 * and with SCAFFOLD's correction.
 */
final class PulledGradient {
  /** Values handled at once: three float arrays of it stay in the first-level cache. */
  static final int BLOCK = 2048;

  private final List<Optimiser.Trained> tensors;
  private final double proximal;
  private final float[][] anchor;
  private final float[][] correction;
  private final float[] weights = new float[BLOCK];
  private final float[] gradient = new float[BLOCK];
  private final float[] zeros = new float[BLOCK];

  PulledGradient(List<Optimiser.Trained> tensors, double proximal) {
    this.tensors = tensors;
    this.proximal = proximal;
    this.anchor = new float[tensors.size()][];
    this.correction = new float[tensors.size()][0];
    for (int t = 0; t < tensors.size(); t++) {
      anchor[t] = new float[proximal > 0 ? tensors.get(t).length() : 0];
      tensors.get(t).weights().read(0, anchor[t], 0, anchor[t].length);
    }
  }

  /**
   * Pulls towards other values than those at the start.
   *
   * @param places for each tensor, its first coordinate in {@code source}
   */
  void anchor(List<Long> places, ParameterSource source) throws IOException {
    for (int t = 0; t < anchor.length; t++) {
      source.read(places.get(t), anchor[t], 0, anchor[t].length);
    }
  }

  /**
   * Adds constants to every gradient.
   *
   * @param by for each tensor its values, or none
   */
  void correct(List<float[]> by) {
    for (int t = 0; t < correction.length; t++) {
      correction[t] = by.get(t);
    }
  }

  /** See {@link Optimiser#gradientNorm}. */
  double norm() {
    double squares = 0;
    for (int t = 0; t < tensors.size(); t++) {
      Optimiser.Trained tensor = tensors.get(t);
      for (int from = 0; from < tensor.length(); from += BLOCK) {
        int length = Math.min(BLOCK, tensor.length() - from);
        tensor.gradient().read(from, gradient, 0, length);
        if (proximal > 0) {
          tensor.weights().read(from, weights, 0, length);
          pull(anchor[t], from, length);
        }
        if (correction[t].length > 0) {
          for (int i = 0; i < length; i++) {
            gradient[i] += correction[t][from + i];
          }
        }
        if (proximal > 0 || correction[t].length > 0) {
          tensor.gradient().write(from, gradient, 0, length);
        }
        squares += Squares.of(gradient, 0, length);
      }
    }
    return Math.sqrt(squares);
  }

  /** See {@link Optimiser#dropGradients}. */
  void drop() {
    for (Optimiser.Trained tensor : tensors) {
      for (int from = 0; from < tensor.length(); from += BLOCK) {
        drop(tensor, from, Math.min(BLOCK, tensor.length() - from));
      }
    }
  }

  /** Zeroes one block of one tensor's gradient. */
  void drop(Optimiser.Trained tensor, int from, int length) {
    tensor.gradient().write(from, zeros, 0, length);
  }

  private void pull(float[] towards, int from, int length) {
    float mu = (float) proximal;
    for (int i = 0; i < length; i++) {
      gradient[i] += mu * (weights[i] - towards[from + i]);
    }
  }
}
