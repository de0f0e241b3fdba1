package org.consilium.coordinator.consortium;

import java.util.List;
import org.consilium.security.roster.Motion;

/**
 * How far a motion has come.
 *
 * @param signers names, in the order they signed
 * @param carried whether enough have signed and it was carried out
 */
public record MotionStanding(Motion motion, List<String> signers, boolean carried) {
  public MotionStanding {
    signers = List.copyOf(signers);
  }
}
