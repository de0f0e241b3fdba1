package org.consilium.models.task;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Which patches of some images a masked autoencoder sees (He et al. 2022): of each image those with
 * the smallest noise, in the noise's order. The arrays are its own; do not write to them.
 */
public final class PatchMask {
  private final int images;
  private final int patches;
  private final int kept;
  private final int[] order;
  private final int[] restore;

  private PatchMask(int images, int patches, int kept) {
    this.images = images;
    this.patches = patches;
    this.kept = kept;
    this.order = new int[images * patches];
    this.restore = new int[images * patches];
  }

  /**
   * A mask from noise.
   *
   * @param noise [images, patches]; of two equal values the first patch comes first
   * @param kept patches of each image that are seen
   * @throws IllegalArgumentException if the noise is no whole number of images
   */
  public static PatchMask of(float[] noise, int patches, int kept) {
    if (patches < 1 || kept < 1 || kept >= patches || noise.length % patches != 0) {
      throw new IllegalArgumentException(
          "patch mask: 1 to %d of %d patches kept, and noise for whole images, got %d and %d values"
              .formatted(patches - 1, patches, kept, noise.length));
    }
    PatchMask mask = new PatchMask(noise.length / patches, patches, kept);
    for (int image = 0; image < mask.images; image++) {
      int at = image * patches;
      int[] sorted =
          IntStream.range(0, patches)
              .boxed()
              .sorted(Comparator.comparingDouble(patch -> noise[at + patch]))
              .mapToInt(Integer::intValue)
              .toArray();
      for (int place = 0; place < patches; place++) {
        mask.order[at + place] = sorted[place];
        mask.restore[at + sorted[place]] = place;
      }
    }
    return mask;
  }

  /** Patches seen at a masked part of {@code ratio}, rounded down as the original does. */
  public static int kept(int patches, double ratio) {
    return (int) (patches * (1 - ratio));
  }

  public int images() {
    return images;
  }

  public int patches() {
    return patches;
  }

  /** Patches of each image that are seen. */
  public int kept() {
    return kept;
  }

  /** [images, kept]: the patches that are seen, in their order. */
  public long[] seen() {
    long[] seen = new long[images * kept];
    for (int image = 0; image < images; image++) {
      for (int place = 0; place < kept; place++) {
        seen[image * kept + place] = order[image * patches + place];
      }
    }
    return seen;
  }

  /** [images, patches]: where each patch stands in the shuffled order. */
  public long[] restore() {
    return Arrays.stream(restore).asLongStream().toArray();
  }

  /** Whether a patch is hidden from the encoder. */
  public boolean hidden(int image, int patch) {
    return restore[image * patches + patch] >= kept;
  }
}
