package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;

/** How near a number must come to an expected one, as a share of it. */
final class Relative {
  private Relative() {}

  static Offset<Double> to(double expected, double share) {
    return within(Math.abs(expected) * share);
  }
}
