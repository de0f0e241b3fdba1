package org.consilium.coordinator.aggregate;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.protocol.SiteId;

/**
 * What is known of a server step apart from the parameters.
 *
 * @param nextExponents scale table for the next round: for each tensor, log2 of its range
 * @param weightSum sum of the integer weights
 * @param clipped coordinates that sites had to clip, summed over sites
 * @param norm L2 norm of the combined delta
 * @param handlings what a robust rule did with each site's update; empty without a rule
 */
public record Step(
    List<Integer> nextExponents,
    long weightSum,
    long clipped,
    double norm,
    SortedMap<SiteId, Handling> handlings) {
  public Step {
    nextExponents = List.copyOf(nextExponents);
    handlings = Collections.unmodifiableSortedMap(new TreeMap<>(handlings));
  }
}
