package org.consilium.site.policy;

/**
 * What is wrong in a policy file.
 *
 * @param line from 1
 * @param column from 1
 * @param key path of the key, such as {@code hours.windows}; empty for the whole
 * @param message what is wrong
 */
public record PolicyProblem(int line, int column, String key, String message) {
  /** One line for people. */
  public String text() {
    return "line %d, column %d%s: %s"
        .formatted(line, column, key.isEmpty() ? "" : ", " + key, message);
  }
}
