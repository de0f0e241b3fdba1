package org.consilium.coordinator.roster;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import org.consilium.protocol.SiteId;

/**
 * Who takes part in the next round: every site that agreed, is enrolled, and is present. A site
 * that lost its connection for less than the grace time is present, so the roster does not depend
 * on a short reconnect.
 */
public final class RosterPolicy {
  private RosterPolicy() {}

  /** The outcome of a pick. */
  public sealed interface Pick {}

  /** A round can be opened with these sites, sorted. */
  public record Roster(List<SiteId> sites) implements Pick {
    public Roster {
      sites = List.copyOf(sites);
    }
  }

  /** There are too few; {@code why} says how many of what. */
  public record TooFew(String why) implements Pick {}

  /**
   * Picks the roster.
   *
   * @param willing sites that agreed to the study
   * @param quorum fewest sites a round may be opened with
   */
  public static Pick pick(
      Collection<SiteId> willing,
      Predicate<SiteId> enrolled,
      Predicate<SiteId> present,
      int quorum) {
    List<SiteId> sites =
        willing.stream().filter(enrolled).filter(present).sorted().distinct().toList();
    return sites.size() >= quorum
        ? new Roster(sites)
        : new TooFew(
            "waiting for sites: %d of %d that agreed are present, %d are needed"
                .formatted(sites.size(), willing.size(), quorum));
  }
}
