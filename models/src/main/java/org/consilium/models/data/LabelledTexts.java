package org.consilium.models.data;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Images with one text each: what a report says of them, de-identified. Texts are shared, never
 * printed in a message.
 *
 * @param images the images, with their labels
 * @param texts one an image, in the images' order
 */
public record LabelledTexts(ImageSet images, List<String> texts) {
  /** Longest text in bytes of UTF-8: an impression, not a whole report. */
  public static final int BYTES_MAX = 1_024;

  public LabelledTexts {
    texts = List.copyOf(texts);
    if (texts.size() != images.count()) {
      throw new IllegalArgumentException(
          "texts: %d texts for %d images".formatted(texts.size(), images.count()));
    }
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).isBlank()) {
        throw new IllegalArgumentException("texts: text %d is empty".formatted(i));
      }
      int bytes = texts.get(i).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > BYTES_MAX) {
        throw new IllegalArgumentException(
            "texts: text %d has %d bytes, at most %d".formatted(i, bytes, BYTES_MAX));
      }
    }
  }

  /** Number of images. */
  public int count() {
    return images.count();
  }

  /** The images at the given places, in that order, with their texts. */
  public LabelledTexts subset(int[] places) {
    List<String> some = new ArrayList<>();
    for (int place : places) {
      some.add(texts.get(place));
    }
    return new LabelledTexts(images.subset(places), some);
  }
}
