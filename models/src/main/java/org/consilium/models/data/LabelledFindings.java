package org.consilium.models.data;

/**
 * Images of which several findings may be true at once: an {@link ImageSet} and targets of shape
 * [count, findings], each 1 = there, 0 = not there, {@link #UNKNOWN} = nobody said. An image's
 * label in the set is 1 when any finding is there, else 0.
 */
public final class LabelledFindings {
  /** Target of a finding that nobody has looked for: no part of any loss or score. */
  public static final int UNKNOWN = -1;

  private final ImageSet images;
  private final int findings;
  private final byte[] targets;

  private LabelledFindings(ImageSet images, int findings, byte[] targets) {
    this.images = images;
    this.findings = findings;
    this.targets = targets;
  }

  /**
   * Takes over the targets: the caller must not change them afterwards.
   *
   * @param pictures the images; their labels are replaced
   * @param findings number of findings, at least 1
   * @param targets one row an image
   * @throws IllegalArgumentException if the lengths do not fit or a target is not -1, 0 or 1
   */
  public static LabelledFindings of(ImageSet pictures, int findings, byte[] targets) {
    if (findings < 1 || (long) pictures.count() * findings != targets.length) {
      throw new IllegalArgumentException(
          "findings: %d images with %d findings need as many targets, got %d"
              .formatted(pictures.count(), findings, targets.length));
    }
    int[] labels = new int[pictures.count()];
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] < UNKNOWN || targets[i] > 1) {
        throw new IllegalArgumentException(
            "findings: image %d, finding %d has target %d; -1, 0 or 1 allowed"
                .formatted(i / findings, i % findings, targets[i]));
      }
      if (targets[i] == 1) {
        labels[i / findings] = 1;
      }
    }
    return new LabelledFindings(pictures.withLabels(labels), findings, targets);
  }

  /** The images, labelled by whether any finding is there. */
  public ImageSet images() {
    return images;
  }

  /** Number of images. */
  public int count() {
    return images.count();
  }

  /** Number of findings asked for. */
  public int findings() {
    return findings;
  }

  /** 1, 0 or {@link #UNKNOWN} for a finding of image {@code index}. */
  public int target(int index, int finding) {
    return targets[index * findings + finding];
  }

  /** Images whose target of a finding is {@code value}. */
  public int countOf(int finding, int value) {
    int count = 0;
    for (int i = 0; i < count(); i++) {
      count += target(i, finding) == value ? 1 : 0;
    }
    return count;
  }

  /**
   * The same cases as another scanner shows them.
   *
   * @param pictures in the same order; their labels are replaced
   */
  public LabelledFindings seenAs(ImageSet pictures) {
    return of(pictures, findings, targets);
  }

  /** The images at the given places, in that order, with their targets. */
  public LabelledFindings subset(int[] places) {
    byte[] some = new byte[places.length * findings];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(targets, places[i] * findings, some, i * findings, findings);
    }
    return new LabelledFindings(images.subset(places), findings, some);
  }
}
