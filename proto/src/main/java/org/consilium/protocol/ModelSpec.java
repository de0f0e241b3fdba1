package org.consilium.protocol;

/**
 * Which model a study trains: an architecture of the catalogue and its shape.
 *
 * @param architecture key in the catalogue
 * @param channels input channels
 * @param height input height, pixels
 * @param width input width, pixels
 * @param classes outputs; 1 is a single logit for a yes/no question
 * @param parameters size of the architecture {@code synthetic}; 0 for all others
 */
public record ModelSpec(
    String architecture, int channels, int height, int width, int classes, long parameters) {
  public ModelSpec {
    check(architecture.matches("[a-z0-9][a-z0-9-]{1,39}"), "model.architecture", architecture);
    check(channels >= 1 && channels <= 16, "model.channels must be 1-16", channels);
    check(height >= 8 && height <= 1024, "model.height must be 8-1024", height);
    check(width >= 8 && width <= 1024, "model.width must be 8-1024", width);
    check(classes >= 1 && classes <= 1000, "model.classes must be 1-1000", classes);
    check(
        parameters >= 0 && parameters <= Limits.PARAMETERS_MAX,
        "model.parameters must be 0-" + Limits.PARAMETERS_MAX,
        parameters);
  }

  private static void check(boolean legal, String rule, Object seen) {
    if (!legal) {
      throw new IllegalArgumentException(rule + ": " + Limits.printable(String.valueOf(seen)));
    }
  }
}
