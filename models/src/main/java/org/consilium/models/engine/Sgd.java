package org.consilium.models.engine;

import java.util.List;

/**
 * Stochastic gradient descent with momentum as PyTorch defines it (I. Sutskever et al. 2013, with
 * the rate outside the velocity): g += λw; v = ρv + g, v starting at the first g; w −= ηv. With the
 * FedProx pull and a bound on the gradient's global norm. The state lives for one round.
 */
final class Sgd implements Optimiser {
  /**
   * Settings that stay the same over a round.
   *
   * @param momentum ρ; 0 is plain descent
   * @param nesterov whether the step looks ahead: g + ρv instead of v
   * @param decay λ, of the tensors that are decayed
   * @param clip largest norm of a step's gradient; 0 is no bound
   */
  record Settings(double momentum, boolean nesterov, double decay, double clip) {}

  private final List<Trained> tensors;
  private final Settings settings;
  private final PulledGradient pulled;
  private final float[][] velocity;
  private final float[] weights = new float[PulledGradient.BLOCK];
  private final float[] gradient = new float[PulledGradient.BLOCK];

  Sgd(List<Trained> tensors, Settings settings, PulledGradient pulled) {
    this.tensors = tensors;
    this.settings = settings;
    this.pulled = pulled;
    this.velocity = new float[tensors.size()][];
    for (int t = 0; t < tensors.size(); t++) {
      velocity[t] = new float[settings.momentum() > 0 ? tensors.get(t).length() : 0];
    }
  }

  @Override
  public double gradientNorm() {
    return pulled.norm();
  }

  @Override
  public void step(double learningRate, double gradientNorm) {
    boolean tooLong = settings.clip() > 0 && gradientNorm > settings.clip();
    float clip = (float) (tooLong ? settings.clip() / gradientNorm : 1);
    for (int t = 0; t < tensors.size(); t++) {
      Trained tensor = tensors.get(t);
      float rate = (float) (learningRate * tensor.rate());
      float decay = (float) (tensor.decayed() ? settings.decay() : 0);
      for (int from = 0; from < tensor.length(); from += PulledGradient.BLOCK) {
        int length = Math.min(PulledGradient.BLOCK, tensor.length() - from);
        tensor.gradient().read(from, gradient, 0, length);
        tensor.weights().read(from, weights, 0, length);
        for (int i = 0; i < length; i++) {
          gradient[i] = gradient[i] * clip + decay * weights[i];
        }
        gather(velocity[t], from, length);
        for (int i = 0; i < length; i++) {
          weights[i] -= rate * gradient[i];
        }
        tensor.weights().write(from, weights, 0, length);
        pulled.drop(tensor, from, length);
      }
    }
  }

  @Override
  public List<float[]> memory() {
    return List.of(velocity);
  }

  @Override
  public void resume(int done) {
    // The velocities are all there is.
  }

  @Override
  public void dropGradients() {
    pulled.drop();
  }

  /** The block's gradient becomes its step; a velocity of zero makes the first one the gradient. */
  private void gather(float[] kept, int from, int length) {
    float momentum = (float) settings.momentum();
    if (momentum == 0) {
      return;
    }
    for (int i = 0; i < length; i++) {
      kept[from + i] = momentum * kept[from + i] + gradient[i];
      gradient[i] = settings.nesterov() ? gradient[i] + momentum * kept[from + i] : kept[from + i];
    }
  }
}
