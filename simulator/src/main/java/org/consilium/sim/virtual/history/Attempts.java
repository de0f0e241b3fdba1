package org.consilium.sim.virtual.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;

/** What the journal's entries say of attempts at rounds, told again without the product's code. */
final class Attempts {
  /**
   * A round and its attempt.
   *
   * @param round from 1
   * @param attempt from 1
   */
  record Place(int round, int attempt) {
    @Override
    public String toString() {
      return "round %d, attempt %d".formatted(round, attempt);
    }
  }

  /** One attempt: who was accepted with what, and on which terms. */
  static final class Attempt {
    final Place place;
    final Map<SiteId, Digest> accepted = new TreeMap<>();
    Optional<RoundTask> terms = Optional.empty();
    Optional<Digest> context = Optional.empty();
    boolean published;

    Attempt(Place place) {
      this.place = place;
    }
  }

  private final List<Attempt> attempts = new ArrayList<>();

  /** The one that was opened last. */
  Optional<Attempt> last() {
    return attempts.isEmpty() ? Optional.empty() : Optional.of(attempts.getLast());
  }

  Attempt open(Place place) {
    Attempt attempt = new Attempt(place);
    attempts.add(attempt);
    return attempt;
  }

  /** The latest one of a place. */
  Optional<Attempt> find(Place place) {
    return attempts.stream().filter(a -> a.place.equals(place)).reduce((_, later) -> later);
  }

  /** Whether some attempt published this round. */
  boolean published(int round) {
    return attempts.stream().anyMatch(a -> a.published && a.place.round() == round);
  }

  /** Rounds that were published. */
  long published() {
    return attempts.stream().filter(a -> a.published).count();
  }
}
