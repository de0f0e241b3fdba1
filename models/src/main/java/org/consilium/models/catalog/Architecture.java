package org.consilium.models.catalog;

import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A model of the catalogue at a given input size and number of outputs: shapes, without arithmetic.
 */
public sealed interface Architecture
    permits BasicUNet,
        ContrastiveEncoder,
        ConvNeXt,
        DualEncoder,
        MaskedAutoencoder,
        ResidualUNet,
        ResNetGn,
        Synthetic,
        Unetr,
        UniRepLKNet,
        VisionTransformer {
  /** What was asked for. */
  ModelSpec spec();

  /** Names, shapes and order of the tensors. */
  ParameterLayout layout();

  /**
   * Starting values, the same for the same seed on every machine, made when they are read: no
   * memory is kept, and any range can be read first.
   */
  ParameterSource initial(long seed);

  /** Number of blocks, or of stages, between the embedding and the head. */
  int depth();

  /**
   * Where a tensor stands from input to output: 0 in the embedding, 1 to {@link #depth} in a block,
   * depth + 1 in the last normalisation and the head.
   */
  int layer(String tensor);

  /** One line for people. */
  String summary();

  /** Number of parameters. */
  default long parameters() {
    return layout().length();
  }
}
