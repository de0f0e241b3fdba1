package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.WindowSummary;
import org.consilium.coordinator.study.UpdateFlags.Norms;
import org.consilium.protocol.SiteId;

/**
 * The rounds of one study that are over, summed up once each. What is over does not change, and
 * there may be a thousand rounds of a hundred sites: a scrape must not go through all of them. Safe
 * for use by many threads.
 */
final class PastRounds {
  private static final Known NOTHING =
      new Known(0, List.of(), List.of(), Map.of(), Map.of(), LatestScores.NONE);

  private Known known = NOTHING;
  private int lates; // that were noted when this was summed up

  /**
   * What a number of rounds came to.
   *
   * @param count how many of the study's history
   * @param norms of each site in them
   * @param bytesUp sealed bytes that came in from each site
   */
  record Known(
      int count,
      List<RoundSummary> rounds,
      List<WindowSummary> windows,
      Map<SiteId, Norms> norms,
      Map<SiteId, Long> bytesUp,
      LatestScores latest) {

    /** The same after some more rounds, of which only the last may be open. */
    Known and(StudyState state, List<RoundState> more) {
      if (more.isEmpty()) {
        return this;
      }
      List<RoundSummary> allRounds = new ArrayList<>(rounds);
      List<WindowSummary> allWindows = new ArrayList<>(windows);
      Map<SiteId, Norms> allNorms = new HashMap<>(norms);
      Map<SiteId, Long> up = new HashMap<>(bytesUp);
      LatestScores scores = latest;
      for (RoundState round : more) {
        Snapshots.round(state, round, allNorms).ifPresent(allRounds::add);
        Snapshots.window(round).ifPresent(allWindows::add);
        if (round instanceof Closed closed) {
          closed
              .accepted()
              .forEach(
                  (site, u) ->
                      allNorms.put(site, allNorms.getOrDefault(site, Norms.NOTHING).and(u.norm())));
        }
        if (round.start().isPresent()) {
          round.updates().values().forEach(u -> up.merge(u.site(), u.bytes(), Long::sum));
          scores = scores.and(Reports.of(round));
        }
      }
      return new Known(count + more.size(), allRounds, allWindows, allNorms, up, scores);
    }
  }

  /** All rounds of a state, the open one included. */
  Known of(StudyState state) {
    return over(state).and(state, state.current().stream().toList());
  }

  private synchronized Known over(StudyState state) {
    List<RoundState> history = state.history();
    if (history.size() < known.count()) {
      // A state from before: somebody asked between two steps of the loop.
      return NOTHING.and(state, history);
    }
    if (state.lates().size() != lates) {
      // Of a round that is over nothing changes but who came too late for it.
      known = NOTHING;
      lates = state.lates().size();
    }
    known = known.and(state, history.subList(known.count(), history.size()));
    return known;
  }
}
