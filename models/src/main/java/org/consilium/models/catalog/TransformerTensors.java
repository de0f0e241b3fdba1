package org.consilium.models.catalog;

/** Collects the tensors of transformer blocks in timm's names and order. */
final class TransformerTensors {
  /**
   * timm's deviation. Its truncation at ±2 lies a hundred deviations out: a plain normal is the
   * same.
   */
  static final double DEVIATION = 0.02;

  /** Starting values of linear layers as timm has them. */
  static final LinearStart TIMM = (_, _) -> new Filling.Normal(DEVIATION);

  /** Glorot's uniform, as the masked autoencoder has it. */
  static final LinearStart XAVIER =
      (outputs, inputs) -> new Filling.Uniform(Math.sqrt(6.0 / (outputs + inputs)));

  /** The rule of a linear layer's weights. */
  @FunctionalInterface
  interface LinearStart {
    Filling of(int outputs, int inputs);
  }

  private final Blueprint blueprint = new Blueprint();
  private final LinearStart start;

  TransformerTensors(LinearStart start) {
    this.start = start;
  }

  Blueprint blueprint() {
    return blueprint;
  }

  void norm(String name, int width) {
    blueprint.add(name + ".weight", new Filling.Constant(1), width);
    blueprint.add(name + ".bias", new Filling.Constant(0), width);
  }

  void linear(String name, int outputs, int inputs, boolean bias) {
    blueprint.add(name + ".weight", start.of(outputs, inputs), outputs, inputs);
    if (bias) {
      blueprint.add(name + ".bias", new Filling.Constant(0), outputs);
    }
  }

  void block(String prefix, VisionTransformer.Body body, VisionTransformer.Variant variant) {
    int width = body.width();
    norm(prefix + "norm1", width);
    linear(prefix + "attn.qkv", 3 * width, width, variant.qkvBias());
    linear(prefix + "attn.proj", width, width, true);
    layerScale(prefix + "ls1", width, variant);
    norm(prefix + "norm2", width);
    linear(prefix + "mlp.fc1", body.hidden(), width, true);
    linear(prefix + "mlp.fc2", width, variant.gated() ? body.hidden() / 2 : body.hidden(), true);
    layerScale(prefix + "ls2", width, variant);
  }

  private void layerScale(String name, int width, VisionTransformer.Variant variant) {
    variant
        .layerScale()
        .ifPresent(
            value -> blueprint.add(name + ".gamma", new Filling.Constant((float) value), width));
  }
}
