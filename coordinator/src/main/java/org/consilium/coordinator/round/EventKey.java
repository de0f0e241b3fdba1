package org.consilium.coordinator.round;

import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.RuleUnmet;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundEvent.WindowClosed;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Decided;
import org.consilium.coordinator.round.StudyEvent.Ended;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Paused;
import org.consilium.coordinator.round.StudyEvent.Resumed;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.round.StudyEvent.WindowOpened;
import org.consilium.protocol.Digest;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.security.witness.Attribution;

/**
 * The idempotency key of each event: what may happen once has a key that says so, and a second
 * process that writes the same is stopped by the journal.
 */
final class EventKey {
  private EventKey() {}

  /**
   * The journal entry of an event.
   *
   * @param before events in the stream before it: tells apart what may happen more than once
   * @param losses how often the open round had to ask for an update again
   */
  static JournalEntry.Event entry(String stream, StudyEvent event, long before, int losses) {
    String type =
        event instanceof InRound(RoundEvent inner)
            ? inner.getClass().getSimpleName()
            : event.getClass().getSimpleName();
    return new JournalEntry.Event(
        stream, type, key(event, before, losses), EventCodec.encode(event), by(event));
  }

  /** Who did it, and the digest by which files and the sites' own ledgers name what it is about. */
  private static Attribution by(StudyEvent event) {
    return switch (event) {
      case Created e -> Actors.administrator().about(Digest.sha256(e.planBytes()).bytes());
      case Started _, Paused _, Resumed _ -> Actors.administrator();
      case Ended e -> e.completed() ? Actors.coordinator() : Actors.administrator();
      case Decided e -> Actors.site(e.site());
      case UpdateLate e -> Actors.site(e.site()).about(e.upload().bytes());
      case RoundOpened(Opening o) -> Actors.coordinator().about(version(o.base()));
      case WindowOpened e -> Actors.coordinator().about(version(e.model()));
      case InRound(RoundEvent e) -> by(e);
    };
  }

  private static Attribution by(RoundEvent event) {
    return switch (event) {
      case UpdateAccepted(_, _, var update) ->
          Actors.site(update.site()).about(update.upload().bytes());
      case SiteDeclined e -> Actors.site(e.site());
      case ReportAccepted e ->
          Actors.site(e.site()).about(Digest.sha256(ReportCodec.encode(e.report())).bytes());
      case ModelPublished e -> Actors.coordinator().about(version(e.model()));
      case MaskTaken e -> Actors.site(e.site()).about(e.message().bytes());
      case DealerBlamed e -> Actors.site(e.site()).about(e.message().bytes());
      case SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          RuleUnmet _,
          ValidationClosed _,
          WindowClosed _,
          MaskPhaseClosed _,
          SharesRefused _,
          SumRefused _ ->
          Actors.coordinator();
    };
  }

  private static byte[] version(StudyEvent.Model model) {
    return model.version().digest().bytes();
  }

  private static String key(StudyEvent event, long before, int losses) {
    return switch (event) {
      case Created _ -> "created";
      case Decided e -> "decided/%s/%d".formatted(e.site(), before);
      case Started _ -> "started";
      case Paused _ -> "paused/" + before;
      case Resumed _ -> "resumed/" + before;
      case Ended _ -> "ended";
      case RoundOpened(Opening o) -> "opened/%d/%d".formatted(o.number(), o.attempt());
      case WindowOpened e -> "window/" + e.window();
      case UpdateLate e ->
          "late/%d/%d/%s".formatted(e.place().number(), e.place().attempt(), e.site());
      case InRound(RoundEvent e) -> key(e, before, losses);
    };
  }

  private static String key(RoundEvent event, long before, int losses) {
    return switch (event) {
      case UpdateAccepted(_, Place p, var update) ->
          "update/%d/%d/%s/%d".formatted(p.number(), p.attempt(), update.site(), losses);
      case SiteDeclined e ->
          "declined/%d/%d/%s".formatted(e.place().number(), e.place().attempt(), e.site());
      case SiteRemoved e ->
          "removed/%d/%d/%s".formatted(e.place().number(), e.place().attempt(), e.site());
      case UpdateLost e -> "lost/%s/%d".formatted(e.site(), before);
      case DeadlinePassed e -> "deadline/%s/%d".formatted(e.place().number(), before);
      case RuleUnmet e -> "rule-unmet/%d/%d".formatted(e.place().number(), e.place().attempt());
      case ModelPublished e -> "published/" + e.place().number();
      case ReportAccepted e ->
          "report/%d/%d/%s".formatted(e.report().round().number(), e.report().window(), e.site());
      case ValidationClosed e -> "validated/" + e.number();
      case WindowClosed e -> "window-closed/" + e.window();
      case MaskTaken e ->
          "mask/%d/%d/%s/%s".formatted(e.place().number(), e.place().attempt(), e.kind(), e.site());
      case MaskPhaseClosed e ->
          "mask-closed/%d/%d/%s".formatted(e.place().number(), e.place().attempt(), e.phase());
      case DealerBlamed e ->
          "blamed/%d/%d/%s".formatted(e.place().number(), e.place().attempt(), e.site());
      case SharesRefused e -> "shares-refused/%d/%d".formatted(e.place().number(), before);
      case SumRefused e -> "sum-refused/%d/%d".formatted(e.place().number(), e.place().attempt());
    };
  }
}
