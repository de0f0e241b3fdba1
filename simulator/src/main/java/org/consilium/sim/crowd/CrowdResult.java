package org.consilium.sim.crowd;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.consilium.protocol.ModelVersion;

/**
 * What a crowd cost.
 *
 * @param order what was asked
 * @param setupSeconds keys, certificates, the first model
 * @param rounds each, none left out
 * @param bytesUp sealed bytes taken in over all rounds
 * @param version the last model
 */
public record CrowdResult(
    CrowdOrder order, double setupSeconds, List<Round> rounds, long bytesUp, ModelVersion version) {
  /** Copies. */
  public CrowdResult {
    rounds = List.copyOf(rounds);
  }

  /**
   * One round, from its opening to the opening of the next; the last one to its end.
   *
   * @param work seconds by kind of work, added up over threads
   * @param cpuSeconds processor time of the whole process: what a busy machine leaves as it is
   * @param peakRssKib the most memory that this process had had when it ended
   */
  public record Round(
      int number,
      int updates,
      double seconds,
      Map<Work, Double> work,
      double cpuSeconds,
      OptionalLong peakRssKib) {
    /** Copies. */
    public Round {
      work = Map.copyOf(work);
    }
  }

  /** The last round: what ran before has been compiled by then. */
  public Round last() {
    return rounds.getLast();
  }
}
