package org.consilium.coordinator.study;

import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.SiteId;

/** Why sites of a plan are not there for a round, in the words of the line that says so. */
final class Absences {
  private Absences() {}

  /** What each missing site is missing for; empty if all that agreed are there and all agreed. */
  static String remark(StudyState state, Presence presence) {
    List<SiteId> sites = state.plan().participation().sites();
    List<String> parts = new ArrayList<>();
    add(parts, "refused", sites, site -> refused(state, site), site -> reason(state, site));
    add(parts, "not answered", sites, site -> !state.answers().containsKey(site), _ -> "");
    List<SiteId> willing = state.willing();
    add(
        parts,
        "closed",
        willing,
        site -> presence.isClosed(site, state.plan().study()),
        site -> opening(state, presence, site));
    add(parts, "not connected", willing, site -> !presence.present(site), _ -> "");
    return parts.isEmpty() ? "" : "; " + String.join("; ", parts);
  }

  private interface Words {
    String of(SiteId site);
  }

  private static void add(
      List<String> parts, String what, List<SiteId> sites, Predicate<SiteId> is, Words words) {
    List<SiteId> these = sites.stream().filter(is).toList();
    if (!these.isEmpty()) {
      parts.add(
          what
              + ": "
              + these.stream()
                  .map(site -> site + words.of(site))
                  .collect(Collectors.joining(", ")));
    }
  }

  private static boolean refused(StudyState state, SiteId site) {
    StudyState.Answer answer = state.answers().get(site);
    return answer != null && !answer.accepted();
  }

  private static String reason(StudyState state, SiteId site) {
    StudyState.Answer answer = state.answers().get(site);
    return answer == null ? "" : " " + answer.refusal();
  }

  private static String opening(StudyState state, Presence presence, SiteId site) {
    return presence
        .opens(site, state.plan().study())
        .map(
            at ->
                " until " + DateTimeFormatter.ISO_INSTANT.format(at.truncatedTo(ChronoUnit.HOURS)))
        .orElse(" (its opening is not said)");
  }
}
