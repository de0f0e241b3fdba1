package org.consilium.sim.crowd;

import java.nio.file.Path;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Limits;

/**
 * What a crowd is to do.
 *
 * @param sites n
 * @param parameters of the model
 * @param rounds from 1
 * @param exposure what hides an update
 * @param threads how many sites are at work at a time, and how many blocks are summed at a time
 * @param folder new folder for everything that is written
 */
public record CrowdOrder(
    int sites, long parameters, int rounds, Exposure exposure, int threads, Path folder) {
  /** Refuses what no study takes. */
  public CrowdOrder {
    int most =
        exposure instanceof Exposure.Masked
            ? Limits.PAIRED_PARTICIPANTS_MAX
            : Limits.PARTICIPANTS_MAX;
    require("sites", sites, exposure instanceof Exposure.Masked ? 3 : 2, most);
    require("parameters", parameters, 1, Limits.PARAMETERS_MAX);
    require("rounds", rounds, 1, 1000);
    require("threads", threads, 1, 64);
  }

  private static void require(String what, long given, long least, long most) {
    if (given < least || given > most) {
      throw new IllegalArgumentException(
          "crowd: %s must be %d-%d, got %d".formatted(what, least, most, given));
    }
  }
}
