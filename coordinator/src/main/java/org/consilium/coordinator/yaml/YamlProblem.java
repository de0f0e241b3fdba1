package org.consilium.coordinator.yaml;

/**
 * One thing that is wrong in a YAML file.
 *
 * @param line from 1
 * @param column from 1
 * @param path keys from the top, joined by dots
 * @param message what is wrong, and what would be right
 */
public record YamlProblem(int line, int column, String path, String message) {
  @Override
  public String toString() {
    return path.isEmpty()
        ? "line %d, column %d: %s".formatted(line, column, message)
        : "line %d, column %d: %s: %s".formatted(line, column, path, message);
  }
}
