package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.SiteId;

/** Something that happened in the masking of an attempt. */
public sealed interface MaskEvent extends RoundEvent {
  /** Which attempt. */
  Place place();

  /** A phase's message. */
  enum Kind {
    KEYS,
    PARCELS,
    CONSENT,
    RELEASE,
    /** Instead of an update: what a dealer sent does not do. */
    COMPLAINT
  }

  /** A site's message is verified and on disk; the site may be told so. */
  record MaskTaken(Instant at, Place place, SiteId site, Kind kind, Digest message)
      implements MaskEvent {}

  /** The phase of keys or of parcels waits for nobody any more. */
  record MaskPhaseClosed(Instant at, Place place, Kind phase) implements MaskEvent {}

  /** Released shares turned out to be wrong; those who gave them do not count any more. */
  record SharesRefused(Instant at, Place place, List<SiteId> sites) implements MaskEvent {
    public SharesRefused {
      sites = List.copyOf(sites);
    }
  }

  /**
   * A receiver's signed word that what a dealer sent it does not do. One of the two is at fault:
   * only they can open the envelope.
   *
   * @param site who says so
   * @param message SHA-256 of what it signed
   */
  record DealerBlamed(
      Instant at, Place place, SiteId site, SiteId dealer, Complaint.Why why, Digest message)
      implements MaskEvent {}

  /** The masks do not come off the sum; nothing is published. */
  record SumRefused(Instant at, Place place, String detail) implements MaskEvent {}
}
