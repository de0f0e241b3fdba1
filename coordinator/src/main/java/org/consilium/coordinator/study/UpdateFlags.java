package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;

/** What an update's own study says against it: earlier norms of its site, and earlier updates. */
final class UpdateFlags {
  /** Earlier rounds without which nothing is usual. */
  static final int HISTORY_MIN = 3;

  /** Deviations beyond which a norm is flagged. */
  static final double SIGMAS = 4;

  /**
   * Smallest deviation, over the mean: a site whose norms hardly vary is not flagged for a whit.
   */
  private static final double DEVIATION_MIN = 0.1;

  private UpdateFlags() {}

  /**
   * An accepted update with the same content: by another site, or in another round. The same site
   * may send the same again in a later attempt at a round, which trains on the same model.
   */
  static Optional<Accepted> copied(StudyState state, SiteId site, Checked checked) {
    int number = checked.manifest().round().number();
    for (RoundState round : state.all()) {
      boolean same = round.start().filter(o -> o.number() == number).isPresent();
      for (Accepted earlier : round.updates().values()) {
        boolean again = same && earlier.site().equals(site);
        if (!again
            && checked.content().isPresent()
            && earlier.content().equals(checked.content())) {
          return Optional.of(earlier);
        }
      }
    }
    return Optional.empty();
  }

  static Rejected refused(SiteId site, RoundId round, Accepted earlier) {
    return new Rejected(
        Why.REPLAYED,
        "update of site %s for round %s: what it holds was sent before, by site %s as %s"
            .formatted(site, round, earlier.site(), earlier.upload().brief()));
  }

  /**
   * What is odd about an update, by the rounds learned so far; nothing is decided by it.
   *
   * @param earlier the site's norms of earlier rounds
   */
  static List<Flag> of(Norms earlier, Accepted update) {
    List<Flag> flags = new ArrayList<>();
    if (update.norm() == 0) {
      flags.add(new Flag.NothingSent());
    }
    if (update.origin() > 0) {
      flags.add(new Flag.Carried(update.origin()));
    }
    double sigmas = earlier.sigmas(update.norm());
    if (earlier.count() >= HISTORY_MIN && sigmas > SIGMAS) {
      flags.add(new Flag.UnusualNorm(sigmas));
    }
    return flags;
  }

  /**
   * Count, mean and sum of squared deviations of a site's norms (Welford 1962), so that a study's
   * rounds are walked once.
   */
  record Norms(int count, double mean, double squares) {
    static final Norms NOTHING = new Norms(0, 0, 0);

    Norms and(double norm) {
      double off = norm - mean;
      double next = mean + off / (count + 1);
      return new Norms(count + 1, next, squares + off * (norm - next));
    }

    /** How many deviations a norm is above the mean. */
    double sigmas(double norm) {
      double deviation = Math.sqrt(squares / Math.max(1, count - 1));
      return mean > 0 ? (norm - mean) / Math.max(deviation, DEVIATION_MIN * mean) : 0;
    }
  }
}
