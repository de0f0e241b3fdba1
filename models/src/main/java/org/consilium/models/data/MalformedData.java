package org.consilium.models.data;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A data file that is not what it claims to be, or larger than allowed. The message names the file
 * without its folder, what is wrong and the numbers; never a value of an image.
 */
public final class MalformedData extends IOException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String numbers;

  /**
   * @param file the file; its folder is not told
   * @param what what is wrong, in a few words
   * @param numbers the thing and its numbers
   */
  public MalformedData(Path file, String what, String numbers) {
    super("read %s: %s: %s".formatted(file.getFileName(), what, numbers));
    this.what = what;
    this.numbers = numbers;
  }

  /** What is wrong, in a few words. */
  public String what() {
    return what;
  }

  /** The thing and its numbers. */
  public String numbers() {
    return numbers;
  }
}
