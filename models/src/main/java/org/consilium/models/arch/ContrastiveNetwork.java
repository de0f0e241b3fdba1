package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.ContrastiveEncoder;

/**
 * T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning of
 * Visual Representations", ICML 2020, section 2.1: an encoder, and a projector of two layers with a
 * ReLU between them. Shapes: B images, D width of the encoder's vector, P of the projection.
 *
 * <p>As an {@link Encoder} it is the encoder without a head: the projector is for training alone.
 */
public final class ContrastiveNetwork implements Encoder {
  private final Encoder encoder;

  private ContrastiveNetwork(Encoder encoder) {
    this.encoder = encoder;
  }

  static ContrastiveNetwork around(ContrastiveEncoder architecture, NDManager constants) {
    if (Network.of(architecture.encoder(), constants) instanceof Encoder encoder) {
      return new ContrastiveNetwork(encoder);
    }
    throw new IllegalArgumentException(
        "contrastive: %s makes no vector of an image".formatted(architecture.encoder().summary()));
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    return encoder.embed(images, weights, trace);
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return embedding;
  }

  /** [B, D] to [B, P], not normalised. */
  public NDArray project(NDArray embedding, Weights weights) {
    NDArray hidden = Activation.relu(weights.linear(embedding, "projector.0"));
    return weights.linear(hidden, "projector.2");
  }
}
