package org.consilium.coordinator.aggregate.robust;

import org.consilium.protocol.Limits;

/**
 * Squared L2 distances of all pairs of deltas, summed over blocks that are added in layout order.
 * Each sum runs coordinate by coordinate whatever the blocks, so that their length does not change
 * one bit. Memory: n² / 2 doubles. One thread at a time.
 */
public final class PairDistances {
  private final double[][] squared; // squared[a][b] for b < a

  /** Nothing added yet. */
  public PairDistances(int sites) {
    if (sites < 1 || sites > Limits.PAIRED_PARTICIPANTS_MAX) {
      throw new IllegalArgumentException(
          "distances: %d sites, 1 to %d".formatted(sites, Limits.PAIRED_PARTICIPANTS_MAX));
    }
    squared = new double[sites][];
    for (int a = 0; a < sites; a++) {
      squared[a] = new double[a];
    }
  }

  /** Adds the next block. */
  public void add(SiteBlock block) {
    if (block.sites() != squared.length) {
      throw new IllegalArgumentException(
          "distances: a block of %d sites, %d expected".formatted(block.sites(), squared.length));
    }
    for (int a = 0; a < squared.length; a++) {
      for (int b = 0; b < a; b++) {
        double sum = sum(squared[a][b], block.values()[a], block.values()[b], block.length());
        if (Double.isInfinite(sum)) {
          throw new IllegalArgumentException(
              "distances: sites %d and %d are too far apart".formatted(b, a));
        }
        squared[a][b] = sum;
      }
    }
  }

  /** Adds what was measured of later blocks by themselves. */
  public void add(PairDistances later) {
    if (later.squared.length != squared.length) {
      throw new IllegalArgumentException(
          "distances: of %d sites, %d expected".formatted(later.squared.length, squared.length));
    }
    for (int a = 0; a < squared.length; a++) {
      for (int b = 0; b < a; b++) {
        squared[a][b] += later.squared[a][b];
      }
    }
  }

  /** n. */
  public int sites() {
    return squared.length;
  }

  /** ‖Δₐ − Δ_b‖². */
  public double squared(int a, int b) {
    return a == b ? 0 : squared[Math.max(a, b)][Math.min(a, b)];
  }

  private static double sum(double before, double[] a, double[] b, int length) {
    double sum = before;
    for (int i = 0; i < length; i++) {
      double apart = a[i] - b[i];
      sum += apart * apart;
    }
    return sum;
  }
}
