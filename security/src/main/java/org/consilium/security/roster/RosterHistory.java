package org.consilium.security.roster;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.security.roster.RosterRefused.Why;

/**
 * All versions of a roster, from the founding on, every signature of every step checked. Immutable.
 */
public final class RosterHistory {
  private static final int VERSIONS_MAX = 10_000;

  private final List<Decision> decisions;
  private final Optional<Roster> latest;

  private RosterHistory(List<Decision> decisions, Optional<Roster> latest) {
    this.decisions = decisions;
    this.latest = latest;
  }

  /** Before the founding. */
  public static RosterHistory empty() {
    return new RosterHistory(List.of(), Optional.empty());
  }

  /** Reads and checks a whole history, oldest decision first; at least the founding. */
  public static RosterHistory of(List<byte[]> encoded) throws RosterRefused {
    if (encoded.isEmpty()) {
      throw new RosterRefused(Why.MALFORMED, "read a roster: it has no founding");
    }
    RosterHistory history = empty();
    for (byte[] one : encoded) {
      history = history.with(Decision.decode(one));
    }
    return history;
  }

  /** The history with one more decision, which must make a new version. */
  public RosterHistory with(Decision decision) throws RosterRefused {
    if (decisions.stream().anyMatch(d -> d.id().equals(decision.id()))) {
      throw new RosterRefused(Why.CONFLICT, decision.motion() + " was carried before");
    }
    if (decisions.size() >= VERSIONS_MAX || !decision.motion().act().changesRoster()) {
      throw new RosterRefused(
          Why.CONFLICT, "%s makes no version of the roster".formatted(decision.motion()));
    }
    Roster next = decision.carry(latest);
    if (!next.trustDomain().equals(decision.motion().trustDomain())) {
      throw new RosterRefused(
          Why.STALE,
          "%s is of %s, not %s"
              .formatted(decision.motion(), decision.motion().trustDomain(), next.trustDomain()));
    }
    List<Decision> more = new ArrayList<>(decisions);
    more.add(decision);
    return new RosterHistory(List.copyOf(more), Optional.of(next));
  }

  /** Checks that a motion would be possible now, were it signed. */
  public void check(Motion motion) throws RosterRefused {
    var _ = roster().after(motion);
  }

  /**
   * Checks that this history goes on from what was seen before: never an older version, and at the
   * pinned version the same roster.
   */
  public void checkContinues(RosterHead pinned) throws RosterRefused {
    Roster now = roster();
    if (now.version() < pinned.version()) {
      throw new RosterRefused(
          Why.ROLLED_BACK,
          "the roster shown is version %d, version %d was seen before"
              .formatted(now.version(), pinned.version()));
    }
    RosterHistory then = empty();
    for (Decision decision : decisions.subList(0, (int) pinned.version())) {
      then = then.with(decision);
    }
    if (!then.roster().digest().equals(pinned.digest())) {
      throw new RosterRefused(
          Why.FORK, "roster version %d is not the one that was seen".formatted(pinned.version()));
    }
  }

  /** The newest version. */
  public Roster roster() {
    return latest.orElseThrow(() -> new IllegalStateException("there is no roster yet"));
  }

  /** Whether there is a first version. */
  public boolean founded() {
    return latest.isPresent();
  }

  /** Oldest first, encoded. */
  public List<byte[]> encoded() {
    return decisions.stream().map(Decision::encoded).toList();
  }
}
