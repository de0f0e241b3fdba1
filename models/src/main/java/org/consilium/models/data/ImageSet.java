package org.consilium.models.data;

import java.util.Arrays;
import java.util.List;

/**
 * Images with one label each, in memory as they were stored: 8-bit grey or colour. Shape [count,
 * channels, height, width], row-major, channel first.
 */
public final class ImageSet {
  private final int count;
  private final int channels;
  private final int height;
  private final int width;
  private final byte[] pixels;
  private final int[] labels;

  /**
   * Takes over both arrays: the caller must not change them afterwards.
   *
   * @param pixels unsigned 8-bit values, count·channels·height·width of them
   * @param labels class numbers from 0, one an image
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public ImageSet(int channels, int height, int width, byte[] pixels, int[] labels) {
    long expected = (long) labels.length * channels * height * width;
    if (channels < 1 || height < 1 || width < 1 || pixels.length != expected) {
      throw new IllegalArgumentException(
          "image set: %d labels of %dx%dx%d need %d pixels, got %d"
              .formatted(labels.length, channels, height, width, expected, pixels.length));
    }
    if (Arrays.stream(labels).anyMatch(label -> label < 0)) {
      throw new IllegalArgumentException("image set: a label is negative");
    }
    this.count = labels.length;
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.pixels = pixels;
    this.labels = labels;
  }

  /** Number of images. */
  public int count() {
    return count;
  }

  public int channels() {
    return channels;
  }

  public int height() {
    return height;
  }

  public int width() {
    return width;
  }

  /** Values of one image. */
  public int imageLength() {
    return channels * height * width;
  }

  /** Class of image {@code index}. */
  public int label(int index) {
    return labels[index];
  }

  /** All classes, a copy. */
  public int[] labels() {
    return labels.clone();
  }

  /** Images of class {@code label}. */
  public int countOf(int label) {
    return (int) Arrays.stream(labels).filter(l -> l == label).count();
  }

  /** Grey value 0-255 at position {@code at} of image {@code index}. */
  public int pixel(int index, int at) {
    return pixels[index * imageLength() + at] & 0xff;
  }

  /** The same images with other labels; the pixels are shared, the labels copied. */
  public ImageSet withLabels(int[] others) {
    return new ImageSet(channels, height, width, pixels, others.clone());
  }

  /** Values of image {@code index}, channel first, a copy. */
  public byte[] image(int index) {
    return Arrays.copyOfRange(pixels, index * imageLength(), (index + 1) * imageLength());
  }

  /** The images at the given places, in that order, as a set of their own. */
  public ImageSet subset(int[] places) {
    byte[] some = new byte[places.length * imageLength()];
    int[] someLabels = new int[places.length];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(pixels, places[i] * imageLength(), some, i * imageLength(), imageLength());
      someLabels[i] = labels[places[i]];
    }
    return new ImageSet(channels, height, width, some, someLabels);
  }

  /**
   * All images of some sets of one shape, one set after another, as a set of their own.
   *
   * @throws IllegalArgumentException if there is no set, or they differ in shape
   */
  public static ImageSet union(List<ImageSet> sets) {
    if (sets.isEmpty()) {
      throw new IllegalArgumentException("union of images: no set");
    }
    ImageSet first = sets.getFirst();
    int count = sets.stream().mapToInt(ImageSet::count).sum();
    byte[] pixels = new byte[Math.multiplyExact(count, first.imageLength())];
    int[] labels = new int[count];
    int at = 0;
    for (ImageSet set : sets) {
      if (set.channels != first.channels
          || set.height != first.height
          || set.width != first.width) {
        throw new IllegalArgumentException(
            "union of images: %dx%dx%d and %dx%dx%d"
                .formatted(
                    first.channels,
                    first.height,
                    first.width,
                    set.channels,
                    set.height,
                    set.width));
      }
      System.arraycopy(set.pixels, 0, pixels, at * first.imageLength(), set.pixels.length);
      System.arraycopy(set.labels, 0, labels, at, set.labels.length);
      at += set.count();
    }
    return new ImageSet(first.channels, first.height, first.width, pixels, labels);
  }
}
