package org.consilium.security.privacy;

import java.util.function.DoublePredicate;

/** The least argument at which a condition holds that, once it holds, holds for all larger ones. */
final class Bisection {
  private static final int HALVINGS_MAX = 2200; // more than there are powers of two among doubles

  private Bisection() {}

  /**
   * An argument at which the condition was seen to hold, at most {@code relative} above the least.
   *
   * @param holding an argument at which it holds, at least 0
   * @return 0 if it holds there
   */
  static double least(DoublePredicate condition, double holding, double relative) {
    if (condition.test(0)) {
      return 0;
    }
    double high = holding;
    double low = 0;
    for (int i = 0; i < HALVINGS_MAX && high - low > relative * high; i++) {
      // the range of a double is wide: first find the power of two
      double middle = low == 0 ? high / 2 : low + (high - low) / 2;
      if (middle <= low || middle >= high) {
        break; // neighbours
      }
      if (condition.test(middle)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
  }
}
