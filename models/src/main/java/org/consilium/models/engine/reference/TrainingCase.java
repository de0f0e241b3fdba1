package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Trace;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.engine.SlopeTraining;
import org.consilium.models.engine.SlopeTraining.Rule;

/**
 * A few steps on one batch: the gradient of the mean cross-entropy, the loss before each step and
 * after the last, and every parameter after some steps.
 */
final class TrainingCase implements ReferenceCase {
  private static final double LOSS_TOLERANCE = 1e-4;
  private static final String KEY_BIAS = "attn.qkv.bias";

  @Override
  public boolean fits(Workbench bench) {
    return bench.values().has("runs");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    float[] labels = bench.required(recorded, "labels").toFloatArray();
    Batch batch = new Batch(bench.required(recorded, "input"), new int[labels.length]);
    for (int i = 0; i < labels.length; i++) {
      batch.labels()[i] = (int) labels[i];
    }
    Architecture model = model(bench, batch.images());
    int classes = model.spec().classes();
    if (java.util.Arrays.stream(batch.labels()).anyMatch(label -> label < 0 || label >= classes)) {
      throw new IllegalArgumentException("labels must be 0-%d".formatted(classes - 1));
    }
    gradients(bench, model, batch);
    Arguments runs = bench.values().part("runs");
    for (String name : runs.values().keySet()) {
      steps(bench, model, batch, new Run(name, runs.part(name)));
    }
  }

  /** Each family that has been recorded in training. */
  private static Architecture model(Workbench bench, NDArray images) {
    Arguments config = bench.values();
    if (TimmVision.fits(config)) {
      return TimmVision.of(config, bench.arguments());
    }
    if (TimmConvNeXt.fits(config)) {
      return TimmConvNeXt.of(config, bench.arguments(), images.getShape());
    }
    throw new IllegalArgumentException("training of this kind of model is not known here");
  }

  private record Batch(NDArray images, int[] labels) {}

  private record Run(String name, Arguments values) {
    private double hyper(String key) {
      return values.part("hyperparameters").real(key, 0);
    }

    private Rule rule() {
      Arguments hyper = values.part("hyperparameters");
      double clip = hyper("clip_grad_norm");
      if (!hyper.has("betas")) {
        boolean nesterov = hyper.flag("nesterov", false);
        return new Rule.MomentumRule(hyper("momentum"), nesterov, hyper("weight_decay"), clip);
      }
      List<Double> betas = hyper.numbers("betas");
      if (betas.size() != 2) {
        throw new IllegalArgumentException("betas must be two, got %d".formatted(betas.size()));
      }
      return new Rule.AdaptiveRule(
          betas.getFirst(), betas.getLast(), hyper.real("eps", 1e-8), hyper("weight_decay"), clip);
    }
  }

  private static void gradients(Workbench bench, Architecture model, Batch batch)
      throws IOException {
    Map<String, NDArray> arrays = bench.arrays("weights.safetensors");
    Weights weights = bench.weights(model.layout(), arrays);
    Map<String, NDArray> expected = bench.arrays("grads.safetensors");
    double tolerance = tolerance(bench, "grads");
    try (SlopeTraining training = SlopeTraining.of(arrays)) {
      loss(bench.manager(), model, weights, batch, training);
      double squares = 0;
      for (Map.Entry<String, NDArray> each : expected.entrySet()) {
        float[] ours = training.gradient(each.getKey());
        bench.compare("grad." + each.getKey(), ours, each.getValue().toFloatArray(), tolerance);
        for (float value : ours) {
          squares += (double) value * value;
        }
      }
      bench.compare(
          "gradient_l2_norm",
          Math.sqrt(squares),
          bench.values().real("gradient_l2_norm", Double.NaN),
          tolerance);
    }
  }

  private static void steps(Workbench bench, Architecture model, Batch batch, Run run)
      throws IOException {
    Map<String, NDArray> arrays = bench.arrays("weights.safetensors");
    Weights weights = bench.weights(model.layout(), arrays);
    Map<String, NDArray> expected = bench.arrays("after_" + run.name() + ".safetensors");
    List<Double> losses = run.values().numbers("losses_before_each_step_and_after_last");
    double rate = run.hyper("lr");
    int step = 0;
    try (SlopeTraining training = SlopeTraining.of(arrays)) {
      for (double recorded : losses) {
        double loss = loss(bench.manager(), model, weights, batch, training);
        String name = "%s.loss%d".formatted(run.name(), step);
        bench.compare(name, loss, recorded, LOSS_TOLERANCE);
        if (step + 1 == losses.size()) {
          return;
        }
        double norm = training.step(run.rule(), rate);
        if (!Double.isFinite(norm)) {
          throw new IllegalArgumentException(
              "the gradient of step %d is not finite".formatted(step));
        }
        step++;
        String prefix = "step" + step + ".";
        for (Map.Entry<String, NDArray> each : expected.entrySet()) {
          if (each.getKey().startsWith(prefix)) {
            String tensor = each.getKey().substring(prefix.length());
            after(
                bench,
                run.name() + "." + each.getKey(),
                bench.required(arrays, tensor),
                each.getValue(),
                rate);
          }
        }
      }
    }
  }

  private static double tolerance(Workbench bench, String of) {
    return bench.values().part("tolerance").real(of, Double.NaN);
  }

  /** One forward and one backward pass; the activations die with it. */
  private static double loss(
      NDManager manager, Architecture model, Weights weights, Batch batch, SlopeTraining training) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray images = batch.images().duplicate();
      images.attach(scope);
      NDArray logits = Network.of(model, scope).logits(images, weights, Trace.NONE);
      return training.crossEntropy(logits, batch.labels());
    }
  }

  /**
   * One parameter. The key third of the attention's bias has no gradient but rounding noise, which
   * AdamW blows up to at most the rate a step.
   */
  private static void after(
      Workbench bench, String output, NDArray ours, NDArray expected, double rate) {
    double tolerance = tolerance(bench, "parameters_after_steps");
    float[] mine = ours.toFloatArray();
    float[] theirs = expected.toFloatArray();
    if (!output.endsWith(KEY_BIAS) || mine.length != theirs.length) {
      bench.compare(output, mine, theirs, tolerance);
      return;
    }
    int third = mine.length / 3;
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("[query]", tolerance);
    parts.put("[key]", 3 * rate);
    parts.put("[value]", tolerance);
    int from = 0;
    for (Map.Entry<String, Double> part : parts.entrySet()) {
      bench.compare(
          output + part.getKey(),
          java.util.Arrays.copyOfRange(mine, from, from + third),
          java.util.Arrays.copyOfRange(theirs, from, from + third),
          part.getValue());
      from += third;
    }
  }
}
