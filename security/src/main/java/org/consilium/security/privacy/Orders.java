package org.consilium.security.privacy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Rényi orders at which a spend is counted. Any list gives a true guarantee; a longer one may
 * give a smaller ε.
 *
 * @param values each above 1 and at most {@link #ORDER_MAX}, rising; 1 to 4096 of them
 */
public record Orders(List<Double> values) {
  /** The highest order; beyond it C(α, i) does not fit a double. */
  public static final double ORDER_MAX = 1023;

  private static final int COUNT_MAX = 4096; // the cost of a step grows with it
  private static final Orders STANDARD = new Orders(tenthsThenWholes());

  /** Refuses an empty or unordered list. */
  public Orders {
    values = List.copyOf(values);
    if (values.isEmpty() || values.size() > COUNT_MAX) {
      throw new IllegalArgumentException(
          "orders: %d of them, 1 to %d".formatted(values.size(), COUNT_MAX));
    }
    double last = 1;
    for (double order : values) {
      check(order);
      if (order <= last) {
        throw new IllegalArgumentException("orders: %s after %s".formatted(order, last));
      }
      last = order;
    }
  }

  /** 1.1 to 10.9 in tenths, then 12 to 63: those of Opacus, so that its numbers compare. */
  public static Orders standard() {
    return STANDARD;
  }

  /** A list of one's own. */
  public static Orders of(double... values) {
    return new Orders(Arrays.stream(values).boxed().toList());
  }

  /** Refuses a number that is no order. */
  static void check(double order) {
    if (!(order > 1 && order <= ORDER_MAX)) {
      throw new IllegalArgumentException(
          "order %s, above 1 and at most %s".formatted(order, ORDER_MAX));
    }
  }

  private static List<Double> tenthsThenWholes() {
    List<Double> orders = new ArrayList<>();
    for (int tenths = 11; tenths <= 109; tenths++) {
      orders.add(tenths / 10.0);
    }
    for (int whole = 12; whole <= 63; whole++) {
      orders.add((double) whole);
    }
    return orders;
  }
}
