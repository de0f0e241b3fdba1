package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;

/** Something that happened inside a round or a monitoring window. */
public sealed interface RoundEvent
    permits RoundEvent.UpdateAccepted,
        RoundEvent.SiteDeclined,
        RoundEvent.SiteRemoved,
        RoundEvent.UpdateLost,
        RoundEvent.DeadlinePassed,
        RoundEvent.ModelPublished,
        RoundEvent.RuleUnmet,
        RoundEvent.ReportAccepted,
        RoundEvent.ValidationClosed,
        RoundEvent.WindowClosed,
        MaskEvent {
  /** When it happened. */
  Instant at();

  /**
   * A round and its attempt.
   *
   * @param number counted from 1
   * @param attempt counted from 1
   */
  record Place(int number, int attempt) {
    @Override
    public String toString() {
      return "round %d, attempt %d".formatted(number, attempt);
    }
  }

  /**
   * An update that is on disk and checked.
   *
   * @param site whose
   * @param upload SHA-256 of its manifest
   * @param weight integer weight
   * @param samples examples behind it
   * @param norm L2 norm as measured
   * @param trainingLoss as declared
   * @param bytes sealed bytes
   * @param content fingerprint of what was sealed, equal for equal updates; empty where nobody
   *     opened it
   * @param origin the earlier round that it was trained for; 0: the one that it counts in
   */
  record Accepted(
      SiteId site,
      Digest upload,
      int weight,
      int samples,
      double norm,
      double trainingLoss,
      long bytes,
      Optional<Digest> content,
      int origin) {
    /** The round that it was trained for, if it counts in round {@code number}. */
    public int trainedFor(int number) {
      return origin == 0 ? number : origin;
    }

    /** One that nobody opened. */
    public Accepted(
        SiteId site,
        Digest upload,
        int weight,
        int samples,
        double norm,
        double trainingLoss,
        long bytes) {
      this(site, upload, weight, samples, norm, trainingLoss, bytes, Optional.empty(), 0);
    }
  }

  /** An update was taken in; the site may be told so. */
  record UpdateAccepted(Instant at, Place place, Accepted update) implements RoundEvent {}

  /** A participant will not deliver. */
  record SiteDeclined(Instant at, Place place, SiteId site, String refusal) implements RoundEvent {}

  /** A participant was shut out while updates were collected: it and its update drop out. */
  record SiteRemoved(Instant at, Place place, SiteId site) implements RoundEvent {}

  /** An accepted update turned out to be damaged on disk; its site is asked again. */
  record UpdateLost(Instant at, Place place, SiteId site, String detail, Instant deadline)
      implements RoundEvent {}

  /** Late updates no longer count. */
  record DeadlinePassed(Instant at, Place place) implements RoundEvent {}

  /**
   * The next version is on disk.
   *
   * @param model what was made
   * @param nextExponents scale table of the next round
   * @param moments SHA-256 of the files that hold what the rule remembers beside the version
   * @param handlings what a robust rule did with each update; empty without a rule
   * @param deadline when late validation reports stop counting
   */
  record ModelPublished(
      Instant at,
      Place place,
      Model model,
      List<Integer> nextExponents,
      List<Digest> moments,
      SortedMap<SiteId, Handling> handlings,
      Instant deadline)
      implements RoundEvent {
    public ModelPublished {
      moments = List.copyOf(moments);
      nextExponents = List.copyOf(nextExponents);
      handlings = Collections.unmodifiableSortedMap(new TreeMap<>(handlings));
    }
  }

  /** The updates that came in do not do for the plan's robust rule. */
  record RuleUnmet(Instant at, Place place, String detail) implements RoundEvent {}

  /** A site's report was taken in. */
  record ReportAccepted(Instant at, SiteId site, ValidationReport report) implements RoundEvent {}

  /** The round waits for no further report. */
  record ValidationClosed(Instant at, int number) implements RoundEvent {}

  /** The monitoring window waits for no further report. */
  record WindowClosed(Instant at, int window) implements RoundEvent {}
}
