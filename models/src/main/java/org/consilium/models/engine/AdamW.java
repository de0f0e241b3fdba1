package org.consilium.models.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * AdamW (Loshchilov &amp; Hutter 2019) with the FedProx pull μ(w − w_t) towards the round's start
 * (Li et al. 2020) and a bound on the gradient's global norm, in one pass over each tensor: the
 * engine's own takes several calls a parameter. Tensors of one dimension are not decayed. Gradients
 * are zeroed as they are used up. The state lives for one round.
 */
final class AdamW implements Optimiser {
  private static final int BLOCK = PulledGradient.BLOCK;

  /**
   * Settings that stay the same over a round.
   *
   * @param decay decoupled weight decay
   * @param clip largest norm of a step's gradient; 0 is no bound
   * @param moments how long the gradient's moments last
   */
  record Settings(double decay, double clip, Moments moments) {}

  /**
   * How the gradient's running moments are kept.
   *
   * @param first decay of the mean, β₁
   * @param second decay of the mean square, β₂
   * @param epsilon added to the root of the mean square
   */
  public record Moments(double first, double second, double epsilon) {
    /** The authors' own. */
    public static final Moments USUAL = new Moments(0.9, 0.999, 1e-8);

    /** A masked autoencoder's, whose gradients are noisier (He et al. 2022, table 8). */
    public static final Moments MASKED = new Moments(0.9, 0.95, 1e-8);

    public Moments {
      if (!(first >= 0 && first < 1 && second >= 0 && second < 1 && epsilon > 0)) {
        throw new IllegalArgumentException(
            "AdamW: betas must be in [0, 1) and epsilon above 0, got %s, %s and %s"
                .formatted(first, second, epsilon));
      }
    }
  }

  private final List<Trained> tensors;
  private final Settings settings;
  private final PulledGradient pulled;
  private final float[][] first;
  private final float[][] second;
  private final float[] weights = new float[BLOCK];
  private final float[] gradient = new float[BLOCK];
  private int steps;

  AdamW(List<Trained> tensors, Settings settings, PulledGradient pulled) {
    this.tensors = tensors;
    this.settings = settings;
    this.first = new float[tensors.size()][];
    this.second = new float[tensors.size()][];
    this.pulled = pulled;
    for (int t = 0; t < tensors.size(); t++) {
      int length = tensors.get(t).length();
      first[t] = new float[length];
      second[t] = new float[length];
    }
  }

  @Override
  public double gradientNorm() {
    return pulled.norm();
  }

  @Override
  public void step(double learningRate, double gradientNorm) {
    steps++;
    boolean tooLong = settings.clip() > 0 && gradientNorm > settings.clip();
    Factors factors =
        new Factors(
            (float) (tooLong ? settings.clip() / gradientNorm : 1),
            (float) (1 / Math.sqrt(1 - StrictMath.pow(settings.moments().second(), steps))),
            (float) (learningRate / (1 - StrictMath.pow(settings.moments().first(), steps))));
    for (int t = 0; t < tensors.size(); t++) {
      Trained tensor = tensors.get(t);
      double rate = learningRate * tensor.rate();
      float kept = (float) (tensor.decayed() ? 1 - rate * settings.decay() : 1);
      Factors own = factors.scaled((float) tensor.rate());
      for (int from = 0; from < tensor.length(); from += BLOCK) {
        int length = Math.min(BLOCK, tensor.length() - from);
        tensor.gradient().read(from, gradient, 0, length);
        tensor.weights().read(from, weights, 0, length);
        moments(first[t], second[t], from, length, factors.clip());
        move(first[t], second[t], from, length, kept, own);
        tensor.weights().write(from, weights, 0, length);
        pulled.drop(tensor, from, length);
      }
    }
  }

  @Override
  public List<float[]> memory() {
    return Stream.concat(Arrays.stream(first), Arrays.stream(second)).toList();
  }

  @Override
  public void resume(int done) {
    steps = done;
  }

  @Override
  public void dropGradients() {
    pulled.drop();
  }

  private record Factors(float clip, float rootCorrection, float rate) {
    Factors scaled(float factor) {
      return new Factors(clip, rootCorrection, rate * factor);
    }
  }

  private void moments(float[] mean, float[] square, int from, int length, float clip) {
    float b1 = (float) settings.moments().first();
    float b2 = (float) settings.moments().second();
    float c1 = (float) (1 - settings.moments().first());
    float c2 = (float) (1 - settings.moments().second());
    for (int i = 0; i < length; i++) {
      float g = gradient[i] * clip;
      mean[from + i] = b1 * mean[from + i] + c1 * g;
      square[from + i] = b2 * square[from + i] + c2 * (g * g);
    }
  }

  private void move(
      float[] mean, float[] square, int from, int length, float kept, Factors factors) {
    float root = factors.rootCorrection();
    float rate = factors.rate();
    float epsilon = (float) settings.moments().epsilon();
    for (int i = 0; i < length; i++) {
      float scale = (float) Math.sqrt(square[from + i]) * root + epsilon;
      weights[i] = weights[i] * kept - rate * mean[from + i] / scale;
    }
  }
}
