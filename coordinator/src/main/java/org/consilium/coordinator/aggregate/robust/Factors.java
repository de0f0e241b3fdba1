package org.consilium.coordinator.aggregate.robust;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import org.consilium.coordinator.aggregate.robust.RobustRule.Round;

/**
 * A combination of deltas in whole numbers: Σ aₖvₖ / denominator, where vₖ = wₖxₖ are a site's
 * fixed-point values as they were sent. What doubles decided becomes exact here, so that the sum
 * itself has the same bits in any order.
 *
 * <p>No sum overflows: |vₖ| ≤ wₖ·2^b and Σwₖ·2^b ≤ 2^30 ({@code FixedTerms}), so with aₖ ≤ 2^32 no
 * sum passes 2^62.
 *
 * @param factors aₖ for each site, 0 to {@link #ONE}
 * @param denominator what the sum is divided by
 */
public record Factors(List<Long> factors, long denominator) {
  /** The largest factor, 2^32. */
  public static final long ONE = 1L << 32;

  public Factors {
    factors = List.copyOf(factors);
    if (factors.stream().anyMatch(a -> a < 0 || a > ONE) || denominator < 1) {
      throw new IllegalArgumentException(
          "robust rule: factors %s over %d, each 0 to 2^32".formatted(factors, denominator));
    }
  }

  /** The weighted mean of all sites. */
  public static Factors mean(Round round) {
    return new Factors(Collections.nCopies(round.sites(), 1L), round.weightSum());
  }

  /** The weighted mean of some sites. */
  static Factors chosen(Collection<Integer> sites, Round round) {
    List<Long> factors = new ArrayList<>();
    for (int site = 0; site < round.sites(); site++) {
      factors.add(sites.contains(site) ? 1L : 0L);
    }
    return affine(factors, round);
  }

  /**
   * The sum of shares of each site's delta.
   *
   * @param shares at least 0 with the sum 1; kept to 2^-32
   */
  static Factors shares(double[] shares, Round round) {
    List<Long> factors = new ArrayList<>();
    for (int site = 0; site < round.sites(); site++) {
      double factor = shares[site] / round.weights().get(site) * ONE;
      factors.add(Math.clamp((long) Math.rint(factor), 0L, ONE));
    }
    return affine(factors, round);
  }

  /**
   * The weighted mean of shortened deltas.
   *
   * @param lengths what is left of each, 0 to 1; rounded down, so that none gets longer
   */
  public static Factors shortened(double[] lengths, Round round) {
    List<Long> factors = new ArrayList<>();
    for (double length : lengths) {
      factors.add((long) (length * ONE));
    }
    return new Factors(factors, ONE * round.weightSum());
  }

  /**
   * Adds a site's part of a block.
   *
   * @param terms fixed-point values as sent, wₖxₖ
   * @param sums raised
   */
  public void add(int site, int[] terms, long[] sums, int count) {
    long factor = factors.get(site);
    if (factor == 1) {
      for (int i = 0; i < count; i++) {
        sums[i] += terms[i];
      }
      return;
    }
    for (int i = 0; i < count && factor != 0; i++) {
      sums[i] += factor * terms[i];
    }
  }

  /** A coordinate of the combination, in units of the fixed point. */
  public double mean(long sum) {
    return (double) sum / (double) denominator;
  }

  /**
   * Refuses factors with which a sum could overflow.
   *
   * @param round the updates' weights
   * @param magnitudeBits b: a site's values are at most w·2^b
   */
  public void requireRoom(Round round, int magnitudeBits) {
    long most = 0;
    for (int site = 0; site < round.sites(); site++) {
      long own = Math.multiplyExact(factors.get(site), (long) round.weights().get(site));
      most = Math.addExact(most, Math.multiplyExact(own, 1L << magnitudeBits));
    }
    if (most > 1L << 62) {
      throw new IllegalArgumentException(
          "robust rule: sums of up to %d leave no bit to spare".formatted(most));
    }
  }

  private static Factors affine(List<Long> factors, Round round) {
    long denominator = 0;
    for (int site = 0; site < factors.size(); site++) {
      denominator += factors.get(site) * round.weights().get(site);
    }
    return new Factors(factors, denominator);
  }
}
