package org.consilium.models.catalog;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/**
 * What one must know to use a model file: which network it is, what its outputs mean, and how an
 * image is normalised. It stands in the file's own metadata, so that the file is enough. It says
 * nothing of time, place or people: the same study writes the same bytes anywhere.
 *
 * @param spec architecture and input
 * @param labels class names; two for a single logit: negative, positive
 * @param normalisation fixed (mean and deviation) or image (each image by itself)
 * @param mean grey level 0-1 that becomes 0 under {@code fixed}
 * @param deviation grey levels 0-1 that become 1 under {@code fixed}
 */
public record ModelSheet(
    ModelSpec spec, List<String> labels, String normalisation, double mean, double deviation) {
  private static final String LABEL = "label.";

  public ModelSheet {
    labels = List.copyOf(labels);
    int expected = spec.classes() == 1 ? 2 : spec.classes();
    if (labels.size() != expected) {
      throw new IllegalArgumentException(
          "a model of %d output(s) has %d labels, got %d"
              .formatted(spec.classes(), expected, labels.size()));
    }
    if (!List.of("fixed", "image").contains(normalisation)) {
      throw new IllegalArgumentException(
          "normalisation must be fixed or image, got " + Limits.printable(normalisation));
    }
    if (!(mean >= 0 && mean <= 1) || !(deviation > 0 && deviation <= 1)) {
      throw new IllegalArgumentException(
          "mean must be in [0, 1] and deviation in (0, 1], got %s and %s"
              .formatted(mean, deviation));
    }
  }

  /** A file that does not say, or does not fit, what a model of the catalogue is. */
  public static final class Unfit extends IOException {
    private static final long serialVersionUID = 1L;

    Unfit(String why) {
      super("read model file: " + why);
    }

    Unfit(String why, IllegalArgumentException cause) {
      super("read model file: " + why, cause);
    }
  }

  /** The sheet of every version of a study. */
  public static ModelSheet of(StudyPlan plan) {
    Training.Input input = plan.training().input();
    return new ModelSheet(
        plan.model(), plan.labels(), input.normalisation(), input.mean(), input.deviation());
  }

  /**
   * The sheet that a file carries.
   *
   * @param metadata the file's own, untrusted; what belongs to others is passed over
   * @param layout what the file holds
   * @throws Unfit if a key is missing or illegal, or the tensors are not those of the architecture
   */
  public static ModelSheet read(Map<String, String> metadata, ParameterLayout layout) throws Unfit {
    ModelSheet sheet = parse(metadata);
    return switch (Catalogue.find(sheet.spec())) {
      case Catalogue.Refused(String why) -> throw new Unfit(why);
      case Catalogue.Known(Architecture known)
          when !known.layout().equals(RoundLayout.trained(layout)) ->
          throw new Unfit(
              "it holds %d tensors of %d values, %s of its sheet has %d tensors of %d values"
                  .formatted(
                      layout.tensors().size(),
                      layout.length(),
                      sheet.spec().architecture(),
                      known.layout().tensors().size(),
                      known.parameters()));
      case Catalogue.Known _ -> sheet;
    };
  }

  /** The sheet as metadata of a file. */
  public Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("architecture", spec.architecture());
    metadata.put("channels", Integer.toString(spec.channels()));
    metadata.put("height", Integer.toString(spec.height()));
    metadata.put("width", Integer.toString(spec.width()));
    metadata.put("classes", Integer.toString(spec.classes()));
    metadata.put("parameters", Long.toString(spec.parameters()));
    metadata.put("normalisation", normalisation);
    metadata.put("mean", Double.toString(mean));
    metadata.put("deviation", Double.toString(deviation));
    for (int i = 0; i < labels.size(); i++) {
      metadata.put(LABEL + i, labels.get(i));
    }
    return metadata;
  }

  private static ModelSheet parse(Map<String, String> metadata) throws Unfit {
    try {
      ModelSpec spec =
          new ModelSpec(
              text(metadata, "architecture"),
              whole(metadata, "channels"),
              whole(metadata, "height"),
              whole(metadata, "width"),
              whole(metadata, "classes"),
              whole(metadata, "parameters"));
      int count = spec.classes() == 1 ? 2 : spec.classes();
      List<String> labels = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        labels.add(text(metadata, LABEL + i));
      }
      return new ModelSheet(
          spec,
          labels,
          text(metadata, "normalisation"),
          real(metadata, "mean"),
          real(metadata, "deviation"));
    } catch (IllegalArgumentException illegal) {
      throw new Unfit("its metadata are not legal: " + illegal.getMessage(), illegal);
    }
  }

  private static String text(Map<String, String> metadata, String key) throws Unfit {
    String value = metadata.get(key);
    if (value == null) {
      throw new Unfit("its metadata have no " + key);
    }
    return value;
  }

  private static int whole(Map<String, String> metadata, String key) throws Unfit {
    String value = text(metadata, key);
    if (!value.matches("[0-9]{1,9}")) {
      throw new Unfit("%s must be a whole number, got %s".formatted(key, Limits.printable(value)));
    }
    return Integer.parseInt(value);
  }

  private static double real(Map<String, String> metadata, String key) throws Unfit {
    String value = text(metadata, key);
    if (!value.matches("[0-9]{1,9}(\\.[0-9]{1,20})?(E-?[0-9]{1,3})?")) {
      throw new Unfit("%s must be a number, got %s".formatted(key, Limits.printable(value)));
    }
    return Double.parseDouble(value);
  }
}
