package org.consilium.models.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;

/** All architectures by name. */
public final class Catalogue {
  private Catalogue() {}

  /** What a look-up gave. */
  public sealed interface Found {}

  /** The model exists at this size. */
  public record Known(Architecture architecture) implements Found {}

  /**
   * There is no such model.
   *
   * @param why names the specification's field and what is legal
   */
  public record Refused(String why) implements Found {}

  /** Names that a specification may use. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(List.of(ResNetGn.NAME, ResNetGn.NAME_TINY));
    names.addAll(ConvolutionalSizes.names());
    names.addAll(VisionSizes.names());
    names.addAll(DualEncoderSizes.names());
    names.addAll(ContrastiveEncoder.names(encoders()));
    names.add(Synthetic.NAME);
    return List.copyOf(names);
  }

  /** The model inside one whose name is {@code prefix} and the inner one's. */
  static ModelSpec inner(ModelSpec spec, String prefix) {
    return new ModelSpec(
        spec.architecture().substring(prefix.length()),
        spec.channels(),
        spec.height(),
        spec.width(),
        spec.classes(),
        0);
  }

  /** Models of one vector an image, whose head a projector can stand in for. */
  private static List<String> encoders() {
    List<String> encoders = new ArrayList<>(List.of(ResNetGn.NAME, ResNetGn.NAME_TINY));
    encoders.addAll(ConvolutionalSizes.encoders());
    encoders.addAll(VisionSizes.encoders());
    return encoders;
  }

  /**
   * Why a model cannot be trained for a kind of question; empty if it can: pre-training tasks have
   * models of their own, which answer nothing else.
   */
  public static Optional<String> unfit(Architecture architecture, StudyPlan.Task.Type task) {
    String name = architecture.spec().architecture();
    return switch (task) {
      case MASKED ->
          architecture instanceof MaskedAutoencoder
              ? Optional.empty()
              : Optional.of("task masked needs an architecture mae-..., got " + name);
      case CONTRASTIVE ->
          architecture instanceof ContrastiveEncoder
              ? Optional.empty()
              : Optional.of("task contrastive needs an architecture simclr-..., got " + name);
      case IMAGE_TEXT ->
          architecture instanceof DualEncoder
              ? Optional.empty()
              : Optional.of("task image-text needs an architecture clip-..., got " + name);
      case CLASSIFICATION, MULTILABEL, SEGMENTATION ->
          switch (architecture) {
            case MaskedAutoencoder _, ContrastiveEncoder _, DualEncoder _ ->
                Optional.of("%s is for pre-training alone, not for this task".formatted(name));
            case BasicUNet _, ResidualUNet _, Unetr _ ->
                task == StudyPlan.Task.Type.SEGMENTATION
                    ? Optional.empty()
                    : Optional.of("%s judges pixels: it is for task segmentation".formatted(name));
            case ConvNeXt _, ResNetGn _, UniRepLKNet _, VisionTransformer _ ->
                task == StudyPlan.Task.Type.SEGMENTATION
                    ? Optional.of("task segmentation needs an architecture unet..., got " + name)
                    : Optional.empty();
            case Synthetic _ -> Optional.empty();
          };
    };
  }

  /** The architecture that {@code spec} names, or why there is none. */
  public static Found find(ModelSpec spec) {
    boolean synthetic = spec.architecture().equals(Synthetic.NAME);
    if (!names().contains(spec.architecture())) {
      return new Refused(
          "model.architecture must be one of %s, got %s"
              .formatted(String.join(", ", names()), Limits.printable(spec.architecture())));
    }
    if (synthetic != spec.parameters() > 0) {
      return new Refused(
          "model.parameters must be %s for architecture %s, got %d"
              .formatted(synthetic ? "positive" : "0", spec.architecture(), spec.parameters()));
    }
    return switch (spec.architecture()) {
      case ResNetGn.NAME -> new Known(ResNetGn.standard(spec));
      case ResNetGn.NAME_TINY -> new Known(ResNetGn.tiny(spec));
      case Synthetic.NAME -> new Known(new Synthetic(spec));
      case String name when ConvolutionalSizes.names().contains(name) ->
          ConvolutionalSizes.find(spec);
      case String name when VisionSizes.names().contains(name) -> VisionSizes.find(spec);
      case String name when DualEncoderSizes.names().contains(name) -> DualEncoderSizes.find(spec);
      case String name when name.startsWith(ContrastiveEncoder.PREFIX) ->
          ContrastiveEncoder.find(spec);
      default -> throw new IllegalStateException("catalogue lists a name that it cannot build");
    };
  }

  /**
   * The architecture that {@code spec} names, for callers that have checked it before.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Architecture require(ModelSpec spec) {
    return switch (find(spec)) {
      case Known(Architecture architecture) -> architecture;
      case Refused(String why) -> throw new IllegalArgumentException(why);
    };
  }
}
