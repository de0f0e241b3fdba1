package org.consilium.models.catalog;

/** Tensors of convolutional networks with PyTorch's starting values, added to a blueprint. */
record ConvolutionTensors(Blueprint blueprint) {
  private static final double LINEAR_DEVIATION = 0.02;

  /** [to, from, kernel, kernel], uniform in ± 1 / √fan-in, and perhaps a bias. */
  void convolution(String name, int from, int to, int kernel, boolean bias) {
    double bound = 1 / Math.sqrt((double) from * kernel * kernel);
    blueprint.add(name + ".weight", new Filling.Uniform(bound), to, from, kernel, kernel);
    bias(name, to, bound, bias);
  }

  /** [from, to, kernel, kernel]; PyTorch counts its fan-in by the second dimension. */
  void transposed(String name, int from, int to, int kernel, boolean bias) {
    double bound = 1 / Math.sqrt((double) to * kernel * kernel);
    blueprint.add(name + ".weight", new Filling.Uniform(bound), from, to, kernel, kernel);
    bias(name, to, bound, bias);
  }

  /** [to, from] as in vision transformers. */
  void linear(String name, int from, int to, boolean bias) {
    blueprint.add(name + ".weight", new Filling.Normal(LINEAR_DEVIATION), to, from);
    if (bias) {
      blueprint.add(name + ".bias", new Filling.Constant(0), to);
    }
  }

  /** A table of positions [1, places, width]. */
  void positions(String name, int places, int width) {
    blueprint.add(name, new Filling.Normal(LINEAR_DEVIATION), 1, places, width);
  }

  void norm(String name, int channels) {
    blueprint.add(name + ".weight", new Filling.Constant(1), channels);
    blueprint.add(name + ".bias", new Filling.Constant(0), channels);
  }

  /** The slope of a PReLU, one for all channels. */
  void slope(String name) {
    blueprint.add(name + ".weight", new Filling.Constant(0.25f), 1);
  }

  private void bias(String name, int to, double bound, boolean bias) {
    if (bias) {
      blueprint.add(name + ".bias", new Filling.Uniform(bound), to);
    }
  }
}
