package org.consilium.models.checkpoint;

import java.util.List;
import java.util.Locale;

/** Under which licence checkpoints were published, as far as it is recorded here. */
public final class Licences {
  /** For everything that is not listed: an administrator must know and say it. */
  public static final String NOT_RECORDED = "licence not recorded";

  /**
   * One checkpoint's licence.
   *
   * @param checkpoint what it is called
   * @param line what to print
   */
  public record Licence(String checkpoint, String line) {}

  private static final List<Licence> KNOWN =
      List.of(
          new Licence("RETFound", "CC BY-NC 4.0"),
          new Licence("MedSAM", "Apache-2.0"),
          new Licence("SAM", "Apache-2.0"),
          new Licence("RAD-DINO", "MIT, as published; read its card before use"),
          new Licence("BiomedCLIP", "MIT, as published; read its card before use"),
          new Licence("DINOv2", "Apache-2.0"),
          new Licence("UNI2", "CC BY-NC-ND 4.0, gated; a fine-tuned copy is a derivative of it"),
          new Licence("UNI", "CC BY-NC-ND 4.0, gated; a fine-tuned copy is a derivative of it"),
          new Licence("CONCH", "CC BY-NC-ND 4.0, gated"),
          new Licence("MAE", "CC BY-NC 4.0"));

  private Licences() {}

  /** All that is recorded. */
  public static List<Licence> known() {
    return KNOWN;
  }

  /**
   * The line for a checkpoint of that name, a file's name for instance: the name must contain the
   * checkpoint's as a word. Names are somebody's word, so this informs and decides nothing.
   */
  public static String line(String name) {
    List<String> words = List.of(name.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"));
    String joined = "-" + String.join("-", words) + "-";
    return KNOWN.stream()
        .filter(known -> joined.contains("-" + known.checkpoint().toLowerCase(Locale.ROOT) + "-"))
        .findFirst()
        .map(known -> "%s: %s".formatted(known.checkpoint(), known.line()))
        .orElse(NOT_RECORDED);
  }
}
