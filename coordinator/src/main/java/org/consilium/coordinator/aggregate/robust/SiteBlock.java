package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import org.consilium.protocol.Limits;

/**
 * The same run of coordinates of every site's delta.
 *
 * @param values {@code values[k][i]}, coordinate i of site k; the caller's buffers, read, not kept
 * @param length coordinates that count
 */
public record SiteBlock(double[][] values, int length) {
  /** Refuses ragged buffers and values that are not finite. */
  public SiteBlock {
    if (values.length < 1 || values.length > Limits.PAIRED_PARTICIPANTS_MAX || length < 0) {
      throw new IllegalArgumentException(
          "robust rule: a block of %d sites and %d values".formatted(values.length, length));
    }
    for (int site = 0; site < values.length; site++) {
      double[] own = values[site];
      if (own.length < length) {
        throw new IllegalArgumentException(
            "robust rule: site %d has %d of %d values".formatted(site, own.length, length));
      }
      for (int i = 0; i < length; i++) {
        if (!Double.isFinite(own[i])) {
          throw new IllegalArgumentException(
              "robust rule: value %d of site %d is %s".formatted(i, site, own[i]));
        }
      }
    }
  }

  /** n. */
  public int sites() {
    return values.length;
  }

  /** One coordinate of all sites, ascending. */
  void sorted(int coordinate, double[] into) {
    for (int site = 0; site < values.length; site++) {
      into[site] = values[site][coordinate];
    }
    Arrays.sort(into);
  }

  /**
   * Counts the sites whose value of a coordinate is strictly below or above a range: equal values
   * are handled alike, so that nobody is blamed for where it stands among them.
   */
  void countBeyond(int coordinate, double low, double high, long[] beyond) {
    for (int site = 0; site < values.length; site++) {
      double value = values[site][coordinate];
      beyond[site] += value < low || value > high ? 1 : 0;
    }
  }
}
