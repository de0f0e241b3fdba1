package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.BasicUNet;
import org.consilium.models.catalog.ContrastiveEncoder;
import org.consilium.models.catalog.ConvNeXt;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.catalog.ResNetGn;
import org.consilium.models.catalog.ResidualUNet;
import org.consilium.models.catalog.Synthetic;
import org.consilium.models.catalog.Unetr;
import org.consilium.models.catalog.UniRepLKNet;
import org.consilium.models.catalog.VisionTransformer;

/**
 * An architecture's forward pass. It holds no parameters.
 *
 * <p>The engine hands a result to the manager of its <em>left</em> operand. So the activation
 * stands on the left and a parameter on the right: the other way round every step's activations
 * would stay with the parameters until the model closes.
 */
public interface Network {
  /**
   * What the network says of a batch: [batch, classes], or [batch, classes, height, width] if it
   * judges every pixel.
   *
   * @param images [batch, channels, height, width], normalised
   * @param weights the parameters by name
   * @param trace is shown intermediate values
   * @return owned by the manager of {@code images}
   */
  NDArray logits(NDArray images, Weights weights, Trace trace);

  /**
   * The forward pass of {@code architecture}.
   *
   * @param constants owns the arrays that every pass needs; must live as long as the network
   * @throws IllegalArgumentException if the architecture has none
   */
  static Network of(Architecture architecture, NDManager constants) {
    return switch (architecture) {
      case BasicUNet shape -> new BasicUNetNetwork(shape.form(), constants);
      case ResidualUNet shape -> new ResidualUNetNetwork(shape.form(), constants);
      case Unetr shape -> new UnetrNetwork(shape.form(), constants);
      case ConvNeXt shape -> new ConvNeXtNetwork(shape.form());
      case ResNetGn shape -> new ResNetGnNetwork(shape, GroupNorm.of(shape.groups(), constants));
      case UniRepLKNet shape -> new UniRepLKNetNetwork(shape.form());
      case ContrastiveEncoder shape -> ContrastiveNetwork.around(shape, constants);
      case DualEncoder shape -> new DualEncoderNetwork(shape, constants);
      case MaskedAutoencoder shape -> new MaskedAutoencoderNetwork(shape);
      case VisionTransformer shape -> new VisionTransformerNetwork(shape);
      case Synthetic shape -> throw new IllegalArgumentException(shape.summary());
    };
  }
}
