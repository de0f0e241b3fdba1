package org.consilium.coordinator.blob;

import java.util.regex.Pattern;

/** What a blob may be called. */
final class BlobKey {
  private static final int CHARACTERS_MAX = 400;
  private static final Pattern LEGAL =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*");

  private BlobKey() {}

  /** The key itself, if it is legal. */
  static String check(String key) {
    if (key.length() > CHARACTERS_MAX || !LEGAL.matcher(key).matches()) {
      throw new IllegalArgumentException(
          "blob key must be parts of [A-Za-z0-9._-] joined by /, at most %d characters: %s"
              .formatted(CHARACTERS_MAX, key.length() > 100 ? key.substring(0, 100) : key));
    }
    return key;
  }
}
