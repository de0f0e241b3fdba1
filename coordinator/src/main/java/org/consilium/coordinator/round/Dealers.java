package org.consilium.coordinator.round;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.protocol.SiteId;

/**
 * Sites whose shares others could not use. A single complaint proves nothing, for only receiver and
 * dealer can open what lies between them; so a dealer is left out after complaints of two different
 * sites in two attempts. One site's complaints alone, however many, are for a person to judge.
 */
public final class Dealers {
  private static final int ATTEMPTS_MIN = 2;
  private static final int COMPLAINANTS_MIN = 2;

  private Dealers() {}

  /** Sites that take no part any more. */
  public static SortedSet<SiteId> leftOut(StudyState state) {
    Map<SiteId, Set<SiteId>> complainants = new TreeMap<>();
    Map<SiteId, Set<Place>> attempts = new TreeMap<>();
    for (DealerBlamed blame : state.blames()) {
      complainants.computeIfAbsent(blame.dealer(), _ -> new HashSet<>()).add(blame.site());
      attempts.computeIfAbsent(blame.dealer(), _ -> new HashSet<>()).add(blame.place());
    }
    SortedSet<SiteId> out = new TreeSet<>();
    complainants.forEach(
        (dealer, sites) -> {
          if (sites.size() >= COMPLAINANTS_MIN
              && attempts.getOrDefault(dealer, Set.of()).size() >= ATTEMPTS_MIN) {
            out.add(dealer);
          }
        });
    return out;
  }

  /** Sites that may take part, of those that agreed. */
  public static List<SiteId> trusted(StudyState state) {
    Set<SiteId> out = leftOut(state);
    return state.willing().stream().filter(site -> !out.contains(site)).toList();
  }

  /** Who was left out, for a line about too few sites; empty if nobody was. */
  public static String remark(StudyState state) {
    Set<SiteId> out = leftOut(state);
    return out.isEmpty() ? "" : "; left out, for others could not use their shares: " + out;
  }

  /** What was said in an attempt, a line for each complaint. */
  public static List<String> words(StudyState state, Place place) {
    return state.blames().stream()
        .filter(blame -> blame.place().equals(place))
        .map(Dealers::words)
        .toList();
  }

  /** One complaint in words. */
  public static String words(DealerBlamed blame) {
    String what =
        switch (blame.why()) {
          case ENVELOPE -> "shares do not open";
          case COMMITMENT -> "shares are not those committed to";
          case CIPHERTEXT -> "ciphertext is not usable";
        };
    return "%s says that %s's %s".formatted(blame.site(), blame.dealer(), what);
  }
}
