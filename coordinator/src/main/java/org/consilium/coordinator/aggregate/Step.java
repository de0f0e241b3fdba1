package org.consilium.coordinator.aggregate;

import java.util.List;

/**
 * What is known of a server step apart from the parameters.
 *
 * @param nextExponents scale table for the next round: for each tensor, log2 of its range
 * @param weightSum sum of the integer weights
 * @param clipped coordinates that sites had to clip, summed over sites
 * @param norm L2 norm of the weighted mean delta
 */
public record Step(List<Integer> nextExponents, long weightSum, long clipped, double norm) {
  public Step {
    nextExponents = List.copyOf(nextExponents);
  }
}
