package org.consilium.models.data.manifest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;

/**
 * SHA-256 over a set's images and labels, whatever their order: for each split its word, shape and
 * number of images, then the SHA-256 of each image with its label, sorted.
 */
final class ContentDigest {
  private ContentDigest() {}

  static String of(Map<Split, ImageSet> splits) {
    MessageDigest whole = sha256();
    new TreeMap<>(splits)
        .forEach(
            (split, images) -> {
              whole.update(split.key().getBytes(StandardCharsets.UTF_8));
              whole.update(
                  numbers(images.channels(), images.height(), images.width(), images.count()));
              byte[][] each = new byte[images.count()][];
              for (int i = 0; i < each.length; i++) {
                MessageDigest one = sha256();
                one.update(numbers(images.label(i)));
                each[i] = one.digest(images.image(i));
              }
              Arrays.sort(each, Arrays::compareUnsigned);
              for (byte[] digest : each) {
                whole.update(digest);
              }
            });
    return java.util.HexFormat.of().formatHex(whole.digest());
  }

  /** SHA-256 over the words, each with its length before it. */
  static String of(List<String> words) {
    MessageDigest digest = sha256();
    for (String word : words) {
      byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
      digest.update(numbers(bytes.length));
      digest.update(bytes);
    }
    return java.util.HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] numbers(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }
}
