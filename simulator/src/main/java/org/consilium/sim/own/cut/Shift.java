package org.consilium.sim.own.cut;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.Limits;

/**
 * How one site's scanner renders grey levels 0-1: contrast · grey^gamma + offset, cut off at 0 and
 * 1.
 */
public record Shift(double gamma, double contrast, double offset) {
  static final Shift NONE = new Shift(1, 1, 0);

  /** The first four sites; they differ clearly, and the first is untouched. */
  private static final List<Shift> FIRST =
      List.of(NONE, new Shift(.75, 1.1, .03), new Shift(1.35, .85, 0), new Shift(1.1, .7, .2));

  /** What may be shifted. */
  public record Kinds(boolean gamma, boolean contrast) {
    /** Nothing. */
    public static final Kinds NONE = new Kinds(false, false);

    /** Reads {@code gamma}, {@code contrast} or both with a comma; contrast brings its offset. */
    public static Kinds parse(String text) {
      boolean gamma = false;
      boolean contrast = false;
      for (String word : text.split(",", -1)) {
        switch (word.strip()) {
          case "gamma" -> gamma = true;
          case "contrast" -> contrast = true;
          default ->
              throw new IllegalArgumentException(
                  "--shift must be gamma, contrast or gamma,contrast, got "
                      + Limits.printable(text));
        }
      }
      return new Kinds(gamma, contrast);
    }
  }

  /** One shift a site: four that are fixed, the further ones drawn within their range. */
  public static List<Shift> of(Kinds kinds, int sites, long seed) {
    SplittableRandom random = new SplittableRandom(seed ^ 0x5417F7L);
    List<Shift> shifts = new ArrayList<>();
    for (int site = 0; site < sites; site++) {
      double contrast = random.nextDouble(.7, 1.1);
      Shift drawn =
          new Shift(
              random.nextDouble(.75, 1.35),
              contrast,
              random.nextDouble() * Math.max(0, .9 - contrast));
      Shift full = site < FIRST.size() ? FIRST.get(site) : drawn;
      shifts.add(
          new Shift(
              kinds.gamma ? full.gamma : 1,
              kinds.contrast ? full.contrast : 1,
              kinds.contrast ? full.offset : 0));
    }
    return List.copyOf(shifts);
  }

  /** The images as this scanner shows them. */
  public ImageSet apply(ImageSet images) {
    if (equals(NONE)) {
      return images;
    }
    byte[] table = new byte[256];
    for (int grey = 0; grey < table.length; grey++) {
      double value = contrast * StrictMath.pow(grey / 255.0, gamma) + offset;
      table[grey] = (byte) Math.round(255 * Math.clamp(value, 0, 1));
    }
    byte[] pixels = new byte[images.count() * images.imageLength()];
    for (int i = 0; i < images.count(); i++) {
      byte[] image = images.image(i);
      for (int at = 0; at < image.length; at++) {
        pixels[i * image.length + at] = table[image[at] & 0xff];
      }
    }
    return new ImageSet(
        images.channels(), images.height(), images.width(), pixels, images.labels());
  }

  /** In words; empty when nothing is shifted. */
  public String words() {
    return equals(NONE)
        ? ""
        : String.format(
            Locale.ROOT, "gamma %.2f, contrast %.2f, offset %.2f", gamma, contrast, offset);
  }
}
