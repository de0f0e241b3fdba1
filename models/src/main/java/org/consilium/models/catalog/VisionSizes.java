package org.consilium.models.catalog;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.consilium.models.catalog.VisionTransformer.Activation;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Shape;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.protocol.ModelSpec;

/**
 * The vision transformers that have a name. The ends: {@code -dinov2} has LayerScale, {@code -clip}
 * is CLIP's image tower, {@code -hf} has the epsilon of the Hugging Face library's own, {@code
 * -avg} judges the patches' mean.
 */
record VisionSizes(String name, int patch, Body body, Tokens tokens, Variant variant) {
  private static final Variant DINOV2 = Variant.PLAIN.scaled(1e-5);
  private static final Variant HUGGING_FACE = Variant.PLAIN.epsilon(1e-12f);
  private static final Variant CLIP =
      new Variant(true, OptionalDouble.empty(), true, Activation.GELU, false, 1e-5f);
  private static final Variant OPENAI =
      new Variant(true, OptionalDouble.empty(), true, Activation.QUICK_GELU, false, 1e-5f);
  private static final Variant GIANT =
      new Variant(true, OptionalDouble.of(1e-5), false, Activation.SILU, true, 1e-6f);
  private static final double GIANT_RATIO = 2.66667 * 2;

  private static final Body MINI = Body.of(64, 6, 4, 3);

  /** For images of 28 pixels. */
  private static final Body MINI_7 = Body.of(128, 6, 4, 4);

  private static final Body SMALL = Body.of(384, 12, 6, 4);
  private static final Body BASE = Body.of(768, 12, 12, 4);
  private static final Body LARGE = Body.of(1024, 24, 16, 4);

  private static final List<VisionSizes> ALL =
      List.of(
          plain("vit-test", 4, Body.of(32, 2, 2, 4), Variant.PLAIN),
          plain("vit-mini", 8, MINI, Variant.PLAIN),
          plain("vit-mini-7", 7, MINI_7, Variant.PLAIN),
          plain("vit-tiny-16", 16, Body.of(192, 12, 3, 4), Variant.PLAIN),
          plain("vit-small-16", 16, SMALL, Variant.PLAIN),
          plain("vit-base-16", 16, BASE, Variant.PLAIN),
          plain("vit-large-16", 16, LARGE, Variant.PLAIN),
          new VisionSizes("vit-mini-avg", 8, MINI, Tokens.AVERAGE, Variant.PLAIN),
          new VisionSizes("vit-mini-7-avg", 7, MINI_7, Tokens.AVERAGE, Variant.PLAIN),
          new VisionSizes("vit-base-16-avg", 16, BASE, Tokens.AVERAGE, Variant.PLAIN),
          new VisionSizes("vit-large-16-avg", 16, LARGE, Tokens.AVERAGE, Variant.PLAIN),
          plain("vit-base-16-hf", 16, BASE, HUGGING_FACE),
          plain("vit-large-16-hf", 16, LARGE, HUGGING_FACE),
          plain("vit-base-16-clip", 16, BASE, CLIP),
          plain("vit-base-16-clip-quickgelu", 16, BASE, OPENAI),
          plain("vit-large-16-dinov2", 16, LARGE, DINOV2),
          plain("vit-small-14-dinov2", 14, SMALL, DINOV2),
          plain("vit-base-14-dinov2", 14, BASE, DINOV2),
          plain("vit-large-14-dinov2", 14, LARGE, DINOV2),
          plain("vit-giant-14-dinov2", 14, Body.of(1536, 40, 24, GIANT_RATIO), GIANT),
          registers("vit-small-14-dinov2-reg4", SMALL, DINOV2, 4),
          registers("vit-base-14-dinov2-reg4", BASE, DINOV2, 4),
          registers("vit-large-14-dinov2-reg4", LARGE, DINOV2, 4),
          registers("vit-huge-14-reg8", Body.of(1536, 24, 24, GIANT_RATIO), GIANT, 8));

  /** Decoder of a masked autoencoder at the platform's own sizes, whose encoders know no places. */
  private static final MaskedAutoencoder.Decoder SMALL_DECODER =
      new MaskedAutoencoder.Decoder(64, 2, 4);

  private static final String MASKED = "mae-";

  /** The transformers, and the autoencoders that pre-train those that can be. */
  static List<String> names() {
    Stream<String> plain = ALL.stream().map(VisionSizes::name);
    Stream<String> masked =
        ALL.stream().filter(VisionSizes::canBeMasked).map(size -> MASKED + size.name());
    return Stream.concat(plain, masked).toList();
  }

  /** The transformers alone. */
  static List<String> encoders() {
    return ALL.stream().map(VisionSizes::name).toList();
  }

  private boolean canBeMasked() {
    return tokens.equals(Tokens.CLASS) && variant.equals(Variant.PLAIN);
  }

  /** The architecture of a name that is one of {@link #names}. */
  static Catalogue.Found find(ModelSpec spec) {
    boolean masked = spec.architecture().startsWith(MASKED);
    String name = masked ? spec.architecture().substring(MASKED.length()) : spec.architecture();
    VisionSizes size = named(name).orElseThrow();
    try {
      return new Catalogue.Known(masked ? size.masked(spec) : size.at(spec));
    } catch (IllegalArgumentException unfit) {
      return new Catalogue.Refused(
          "%s, for architecture %s".formatted(unfit.getMessage(), spec.architecture()));
    }
  }

  private static Optional<VisionSizes> named(String name) {
    return ALL.stream().filter(size -> size.name.equals(name)).findFirst();
  }

  private VisionTransformer at(ModelSpec spec) {
    Image image = new Image(spec.channels(), spec.height(), spec.width(), patch);
    return VisionTransformer.of(name, new Shape(image, body, tokens, variant, spec.classes()));
  }

  private MaskedAutoencoder masked(ModelSpec spec) {
    boolean small = body.width() <= 256;
    return small
        ? MaskedAutoencoder.of(at(spec), SMALL_DECODER).withoutPlaces()
        : MaskedAutoencoder.of(at(spec), MaskedAutoencoder.STANDARD);
  }

  private static VisionSizes plain(String name, int patch, Body body, Variant variant) {
    return new VisionSizes(name, patch, body, Tokens.CLASS, variant);
  }

  private static VisionSizes registers(String name, Body body, Variant variant, int registers) {
    return new VisionSizes(
        name, 14, body, new Tokens(true, registers, false, false, false), variant);
  }
}
