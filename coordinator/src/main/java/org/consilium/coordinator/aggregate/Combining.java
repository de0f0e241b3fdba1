package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.robust.Factors;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByCoordinate;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByDistance;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByNorm;
import org.consilium.coordinator.aggregate.robust.RobustRule.Ruling;
import org.consilium.protocol.SiteId;

/** How a block of every update becomes a block of one delta. */
sealed interface Combining {
  /**
   * A sum in whole numbers.
   *
   * @param handlings what a rule did with each update; empty for the weighted mean
   */
  record Summed(Factors factors, List<Handling> handlings) implements Combining {
    public Summed {
      handlings = List.copyOf(handlings);
    }
  }

  /** Each coordinate by itself. */
  record EachCoordinate(ByCoordinate rule) implements Combining {}

  /** The weighted mean. */
  static Combining mean(AggregationTask task) {
    return new Summed(Factors.mean(task.weights()), List.of());
  }

  /** What the task's rule decides before anything is combined; a rule of distances takes a walk. */
  static Combining of(AggregationTask task, int threads) throws RoundBroken, IOException {
    if (task.noise().isPresent()) {
      Factors cut = task.noise().get().cut(norms(task), task.weights());
      return summed(new Ruling(cut, List.of()), task);
    }
    if (task.robust().isEmpty()) {
      return mean(task);
    }
    RobustRule.Round weights = task.weights();
    return switch (task.robust().get()) {
      case ByCoordinate rule -> new EachCoordinate(rule);
      case ByNorm rule -> summed(rule.rule(norms(task), weights), task);
      case ByDistance rule -> summed(rule.rule(DistanceWalk.over(task, threads), weights), task);
    };
  }

  private static double[] norms(AggregationTask task) {
    return task.updates().stream().mapToDouble(SealedDelta::norm).toArray();
  }

  private static Combining summed(Ruling ruling, AggregationTask task) {
    ruling.factors().requireRoom(task.weights(), task.terms().magnitudeBits());
    return new Summed(ruling.factors(), ruling.handlings());
  }

  /**
   * What was done with each site's update.
   *
   * @param beyond for each update, coordinates in which it was among the outermost
   */
  default SortedMap<SiteId, Handling> handlings(AggregationTask task, long[] beyond) {
    List<Handling> all =
        switch (this) {
          case Summed(_, List<Handling> handlings) -> handlings;
          case EachCoordinate(ByCoordinate rule) ->
              rule.handlings(beyond, task.base().layout().length());
        };
    SortedMap<SiteId, Handling> bySite = new TreeMap<>();
    for (int i = 0; i < all.size(); i++) {
      bySite.put(task.updates().get(i).site(), all.get(i));
    }
    return bySite;
  }
}
