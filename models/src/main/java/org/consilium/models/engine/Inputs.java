package org.consilium.models.engine;

import org.consilium.models.data.ImageSet;
import org.consilium.protocol.ModelSpec;

/** What a model can be given. */
final class Inputs {
  private Inputs() {}

  /**
   * @throws IllegalArgumentException if the images have another shape than the model's input
   */
  static void requireShape(ImageSet images, ModelSpec spec) {
    if (images.channels() != spec.channels()
        || images.height() != spec.height()
        || images.width() != spec.width()) {
      throw new IllegalArgumentException(
          "model takes images of %dx%dx%d, got %dx%dx%d"
              .formatted(
                  spec.channels(),
                  spec.height(),
                  spec.width(),
                  images.channels(),
                  images.height(),
                  images.width()));
    }
  }

  /**
   * @throws IllegalArgumentException likewise, or if there are none
   */
  static void requireSome(ImageSet images, ModelSpec spec) {
    requireShape(images, spec);
    if (images.count() == 0) {
      throw new IllegalArgumentException("train: no images");
    }
  }

  /**
   * @throws IllegalArgumentException likewise, or if a label is none of the model's
   */
  static void requireLabelled(ImageSet images, ModelSpec spec) {
    requireSome(images, spec);
    int classes = Math.max(2, spec.classes());
    for (int i = 0; i < images.count(); i++) {
      if (images.label(i) >= classes) {
        throw new IllegalArgumentException(
            "train: labels must be below %d, image %d has %d"
                .formatted(classes, i, images.label(i)));
      }
    }
  }
}
