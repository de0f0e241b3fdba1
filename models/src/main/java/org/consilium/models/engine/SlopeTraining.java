package org.consilium.models.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Training of some engine arrays by a loss that is computed outside the engine: the caller hands in
 * the loss's slope by an output, the engine carries it back. One at a time in a process, and not
 * while a {@link LocalModel} trains. The arrays stay the caller's.
 */
public final class SlopeTraining implements AutoCloseable {
  /** How the arrays are moved; every one of them is decayed. */
  public sealed interface Rule {
    /**
     * AdamW.
     *
     * @param first decay of the gradient's mean, β₁
     * @param second decay of its mean square, β₂
     * @param epsilon added to the root of the mean square
     * @param clip largest norm of a gradient; 0 for no bound
     */
    record AdaptiveRule(double first, double second, double epsilon, double decay, double clip)
        implements Rule {}

    /**
     * Descent with momentum.
     *
     * @param nesterov whether the step looks ahead
     * @param clip largest norm of a gradient; 0 for no bound
     */
    record MomentumRule(double momentum, boolean nesterov, double decay, double clip)
        implements Rule {}
  }

  private final Map<String, NDArray> trained;
  private final GradientCollector collector;
  private final Map<String, NDArray> gradients = new LinkedHashMap<>();
  private Optional<Optimiser> optimiser = Optional.empty();

  private SlopeTraining(Map<String, NDArray> trained) {
    this.trained = trained;
    this.collector = Engine.getEngine("PyTorch").newGradientCollector();
    trained.values().forEach(array -> array.setRequiresGradient(true));
  }

  /** Begins to record gradients of {@code trained}, by name. */
  public static SlopeTraining of(Map<String, NDArray> trained) {
    return new SlopeTraining(Map.copyOf(trained));
  }

  /**
   * Adds to the gradients what {@code slope} at {@code output} means for the arrays.
   *
   * @param output of a forward pass over the arrays
   * @param slope derivative of the loss by each of its values
   */
  public void backward(NDArray output, float[] slope) {
    try (NDManager scope = output.getManager().newSubManager()) {
      NDArray factor = scope.create(slope, output.getShape());
      // d(Σ output·slope)/dw = Σ slope·doutput/dw: the loss's gradient, with the slope a constant.
      NDArray product = output.mul(factor);
      product.attach(scope);
      NDArray sum = product.sum();
      collector.backward(sum);
    }
  }

  /**
   * Mean softmax cross-entropy of {@code logits} [examples, classes], and its gradient.
   *
   * @param labels one an example
   */
  public double crossEntropy(NDArray logits, int[] labels) {
    float[] values = logits.toFloatArray();
    float[] slope = new float[values.length];
    double sum = Loss.sum(values, labels, slope, labels.length);
    backward(logits, slope);
    return sum / labels.length;
  }

  /**
   * The gradient of one array so far.
   *
   * @throws IllegalArgumentException if it is not trained
   */
  public float[] gradient(String name) {
    return stored(name).toFloatArray();
  }

  /**
   * One step with the gradient so far, which is used up. The rule of the first step stays.
   *
   * @return L2 norm of the gradient before its bound
   */
  public double step(Rule rule, double learningRate) {
    Optimiser moved = optimiser.orElseGet(() -> optimiser(rule));
    optimiser = Optional.of(moved);
    double norm = moved.gradientNorm();
    moved.step(learningRate, norm);
    return norm;
  }

  @Override
  public void close() {
    gradients.values().forEach(NDArray::close);
    trained.values().forEach(array -> array.setRequiresGradient(false));
    collector.close();
  }

  private NDArray stored(String name) {
    return gradients.computeIfAbsent(
        name,
        _ -> {
          NDArray array = trained.get(name);
          if (array == null) {
            throw new IllegalArgumentException("training: there is no trained tensor " + name);
          }
          return array.getGradient();
        });
  }

  private Optimiser optimiser(Rule rule) {
    List<Optimiser.Trained> tensors = new ArrayList<>();
    trained.forEach(
        (name, array) ->
            tensors.add(
                new Optimiser.Trained(
                    storage(array),
                    storage(stored(name)),
                    Math.toIntExact(array.size()),
                    true,
                    1)));
    PulledGradient pulled = new PulledGradient(tensors, 0);
    return switch (rule) {
      case Rule.AdaptiveRule adaptive ->
          new AdamW(
              tensors,
              new AdamW.Settings(
                  adaptive.decay(),
                  adaptive.clip(),
                  new AdamW.Moments(adaptive.first(), adaptive.second(), adaptive.epsilon())),
              pulled);
      case Rule.MomentumRule momentum ->
          new Sgd(
              tensors,
              new Sgd.Settings(
                  momentum.momentum(), momentum.nesterov(), momentum.decay(), momentum.clip()),
              pulled);
    };
  }

  private static TensorStorage storage(NDArray array) {
    boolean host = !array.getManager().getDevice().isGpu();
    return host ? TensorStorage.host(array) : TensorStorage.device(array);
  }
}
