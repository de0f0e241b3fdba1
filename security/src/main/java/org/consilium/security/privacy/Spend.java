package org.consilium.security.privacy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * What has been spent of somebody's privacy: every noisy step their data was in. A value; adding
 * steps makes a new one. The order in which steps are added, and whether one by one or together,
 * changes no bit of it.
 *
 * <p>Steps of the same noise and rate are one entry, whose divergence is worked out once, about a
 * millisecond, and then carried along; adding steps to it costs next to nothing.
 */
public final class Spend {
  private static final Comparator<Entry> BY_NOISE =
      Comparator.comparingDouble((Entry entry) -> entry.steps().sigma())
          .thenComparingDouble(entry -> entry.steps().rate());

  private final Orders orders;
  private final List<Entry> entries; // sorted, no two of the same noise and rate

  /** Steps, with the divergence of one of them at each order; the array is never written. */
  private record Entry(NoisySteps steps, double[] oneStep) {}

  private Spend(Orders orders, List<Entry> entries) {
    this.orders = orders;
    this.entries = entries;
  }

  /** Nothing spent, counted at the standard orders. */
  public static Spend none() {
    return none(Orders.standard());
  }

  /** Nothing spent, counted at a list of orders. */
  public static Spend none(Orders orders) {
    return new Spend(orders, List.of());
  }

  /**
   * With further steps.
   *
   * @throws IllegalArgumentException if the steps of one noise and rate exceed a long
   */
  public Spend plus(NoisySteps steps) {
    if (steps.count() == 0) {
      return this;
    }
    List<Entry> next = new ArrayList<>(entries);
    int found = Collections.binarySearch(next, new Entry(steps, new double[0]), BY_NOISE);
    if (found >= 0) {
      Entry before = next.get(found);
      next.set(found, new Entry(before.steps().more(steps.count()), before.oneStep()));
    } else {
      double[] oneStep = new SampledGaussian(steps.sigma(), steps.rate()).rdp(orders);
      next.add(-found - 1, new Entry(steps, oneStep));
    }
    return new Spend(orders, List.copyOf(next));
  }

  /** All steps, one entry for each noise and rate, sorted by them. */
  public List<NoisySteps> steps() {
    return entries.stream().map(Entry::steps).toList();
  }

  /**
   * What is still promised after all these steps.
   *
   * @param delta δ, inside (0, 1): less than one over the number of patients
   */
  public Guarantee guarantee(double delta) {
    double[] rdp = new double[orders.values().size()];
    for (Entry entry : entries) {
      for (int i = 0; i < rdp.length; i++) {
        rdp[i] += entry.steps().count() * entry.oneStep()[i];
      }
    }
    return Guarantee.of(orders, rdp, delta);
  }

  /**
   * The least noise multiplier with which further steps stay within a budget, to one part in 10^9
   * and never below: {@code plus(new NoisySteps(leastSigma(…), rate, count))} promises at most
   * {@code epsilon}.
   *
   * @param epsilon the budget of everything together, in nats, above 0
   * @param rate q of the steps to come
   * @param count the steps to come
   * @throws IllegalArgumentException if no noise is enough: too much is spent already, or the
   *     orders do not reach so small an ε
   */
  public double leastSigma(double epsilon, double delta, double rate, long count) {
    if (!(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("least noise: epsilon %s, above 0".formatted(epsilon));
    }
    double atMost = epsilonWith(NoisySteps.SIGMA_MAX, rate, count, delta);
    if (atMost > epsilon) {
      throw new IllegalArgumentException(
          "least noise: epsilon %s at delta %s, rate %s, %d steps; the greatest noise gives %s"
              .formatted(epsilon, delta, rate, count, atMost));
    }
    return Bisection.least(
        sigma -> epsilonWith(sigma, rate, count, delta) <= epsilon, NoisySteps.SIGMA_MAX, 1e-9);
  }

  private double epsilonWith(double sigma, double rate, long count, double delta) {
    return plus(new NoisySteps(sigma, rate, count)).guarantee(delta).epsilon();
  }

  /** Whether the same steps were taken, counted at the same orders. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Spend spend
        && orders.equals(spend.orders)
        && steps().equals(spend.steps());
  }

  @Override
  public int hashCode() {
    return Objects.hash(orders, steps());
  }

  @Override
  public String toString() {
    return "Spend" + steps();
  }
}
