package org.consilium.models.engine.reference;

/**
 * One output against its reference.
 *
 * @param output name of the recorded tensor or figure
 * @param difference largest absolute difference; infinite if the shapes differ
 * @param tolerance largest difference that passes
 */
public record Comparison(String output, double difference, double tolerance) {
  /** Whether it is close enough; NaN is not. */
  public boolean passed() {
    return difference <= tolerance;
  }
}
