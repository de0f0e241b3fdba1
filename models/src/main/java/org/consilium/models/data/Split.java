package org.consilium.models.data;

/** The part of a set that an image belongs to. Nothing of one split is ever in another. */
public enum Split {
  TRAIN("train"),
  VALIDATION("val"),
  TEST("test");

  private final String key;

  Split(String key) {
    this.key = key;
  }

  /** The word for it in file keys: {@code train}, {@code val} or {@code test}. */
  public String key() {
    return key;
  }
}
