package org.consilium.models.data;

import java.util.Optional;

/**
 * Images with the class of every pixel, in memory: an {@link ImageSet} and masks of shape [count,
 * height, width], 8-bit, 0 = background. An image's label in the set is 1 when its mask has any
 * foreground, else 0.
 */
public final class LabelledMasks {
  private final ImageSet images;
  private final int classes;
  private final byte[] masks;
  private final Optional<Tiling> tiling;

  private LabelledMasks(ImageSet images, int classes, byte[] masks, Optional<Tiling> tiling) {
    this.images = images;
    this.classes = classes;
    this.masks = masks;
    this.tiling = tiling;
  }

  /**
   * Takes over the masks: the caller must not change them afterwards.
   *
   * @param pictures the images; their labels are replaced
   * @param classes number of classes, the background among them
   * @param masks class of each pixel, row by row, image after image
   * @throws IllegalArgumentException if the lengths do not fit or a mask value is no class
   */
  public static LabelledMasks of(ImageSet pictures, int classes, byte[] masks) {
    int area = pictures.height() * pictures.width();
    if ((long) pictures.count() * area != masks.length || classes < 2 || classes > 256) {
      throw new IllegalArgumentException(
          "masks: %d images of %dx%d need %d values in 2-256 classes, got %d in %d"
              .formatted(
                  pictures.count(),
                  pictures.height(),
                  pictures.width(),
                  (long) pictures.count() * area,
                  masks.length,
                  classes));
    }
    int[] labels = new int[pictures.count()];
    for (int i = 0; i < masks.length; i++) {
      int value = masks[i] & 0xff;
      if (value >= classes) {
        throw new IllegalArgumentException(
            "masks: image %d has class %d, 0-%d allowed".formatted(i / area, value, classes - 1));
      }
      if (value > 0) {
        labels[i / area] = 1;
      }
    }
    return new LabelledMasks(pictures.withLabels(labels), classes, masks, Optional.empty());
  }

  /** The same as tiles of larger images. */
  public LabelledMasks tiled(Tiling places) {
    if (places.tiles().size() != count()) {
      throw new IllegalArgumentException(
          "masks: %d places for %d tiles".formatted(places.tiles().size(), count()));
    }
    return new LabelledMasks(images, classes, masks, Optional.of(places));
  }

  /** The same among at least {@code wanted} classes: a site may have no pixel of the last ones. */
  public LabelledMasks among(int wanted) {
    return new LabelledMasks(images, Math.max(classes, wanted), masks, tiling);
  }

  /** Where the images lie in larger ones; empty if each is whole. */
  public Optional<Tiling> tiling() {
    return tiling;
  }

  /** Number of whole images. */
  public int wholeImages() {
    return tiling.map(t -> t.images().size()).orElse(count());
  }

  /** The images, labelled by whether they have any foreground. */
  public ImageSet images() {
    return images;
  }

  /** Number of images. */
  public int count() {
    return images.count();
  }

  /** Number of classes, the background among them; two is foreground against background. */
  public int classes() {
    return classes;
  }

  /** Class of pixel {@code at}, row by row, of image {@code index}. */
  public int mask(int index, int at) {
    return masks[index * area() + at] & 0xff;
  }

  /** Pixels of one mask. */
  public int area() {
    return images.height() * images.width();
  }

  /** The images at the given places, in that order, with their masks, each as a whole one. */
  public LabelledMasks subset(int[] places) {
    byte[] some = new byte[places.length * area()];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(masks, places[i] * area(), some, i * area(), area());
    }
    return new LabelledMasks(images.subset(places), classes, some, Optional.empty());
  }

  /** Share of pixels that are foreground; 0 without images. */
  public double foreground() {
    if (masks.length == 0) {
      return 0;
    }
    long sum = 0;
    for (byte value : masks) {
      sum += value == 0 ? 0 : 1;
    }
    return (double) sum / masks.length;
  }
}
