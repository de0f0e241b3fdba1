package org.consilium.models.catalog;

import java.util.List;
import java.util.Optional;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.text.Vocabulary;
import org.consilium.protocol.ModelSpec;

/**
 * The dual encoders that have a name: an image tower of the catalogue and a small text tower over
 * the bundled vocabulary, trained from the start.
 */
final class DualEncoderSizes {
  private static final String PREFIX = "clip-";
  private static final List<String> TRANSFORMERS = List.of("vit-test", "vit-mini");
  private static final List<String> RESIDUAL = List.of(ResNetGn.NAME, ResNetGn.NAME_TINY);

  private static final int CONTEXT = 32;
  private static final int COMMON = 64;
  private static final float EPSILON = 1e-5f;

  /** Two blocks of width 64: templated sentences need no more. */
  private static final DualEncoder.Text TEXT =
      new DualEncoder.Text(CONTEXT, Vocabulary.SIZE, Body.of(64, 2, 4, 4));

  private DualEncoderSizes() {}

  static List<String> names() {
    return java.util.stream.Stream.concat(RESIDUAL.stream(), TRANSFORMERS.stream())
        .map(name -> PREFIX + name)
        .toList();
  }

  /** The model that {@code spec} names, which must be one of {@link #names}. */
  static Catalogue.Found find(ModelSpec spec) {
    ModelSpec tower = Catalogue.inner(spec, PREFIX);
    return switch (Catalogue.find(tower)) {
      case Catalogue.Refused refused -> refused;
      case Catalogue.Known(VisionTransformer images) ->
          new Catalogue.Known(
              DualEncoder.of(
                  spec, shape(images.shape().image(), images.shape().body()), Optional.empty()));
      case Catalogue.Known(ResNetGn images) -> {
        Image image = new Image(spec.channels(), spec.height(), spec.width(), 1);
        Body body = Body.of(images.widths().getLast(), images.depth(), 1, 1);
        yield new Catalogue.Known(DualEncoder.of(spec, shape(image, body), Optional.of(images)));
      }
      case Catalogue.Known(Architecture other) ->
          throw new IllegalStateException("no image tower: " + other.summary());
    };
  }

  private static DualEncoder.Shape shape(Image image, Body body) {
    return new DualEncoder.Shape(image, body, TEXT, COMMON, false, EPSILON);
  }
}
