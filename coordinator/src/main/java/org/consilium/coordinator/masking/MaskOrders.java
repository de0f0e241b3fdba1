package org.consilium.coordinator.masking;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.Masking.Phase;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;

/**
 * What a site is to be handed now; all of it comes again on a new stream, so that a node that was
 * restarted finds all that it needs.
 *
 * @param transcript the messages to hand on
 * @param chains DER certificates of a site's signing key, leaf first
 */
public record MaskOrders(MaskTranscript transcript, Chains chains) {

  /** Certificates of sites. */
  @FunctionalInterface
  public interface Chains {
    /**
     * Of one site, DER, leaf first.
     *
     * @throws IOException if the site is not enrolled any more
     */
    List<byte[]> of(SiteId site) throws IOException;
  }

  /** A kind of order, for what names it. */
  public enum Step {
    KEYS,
    PARCELS,
    SURVIVORS,
    CONSENTS
  }

  /** The orders that a site is due in a state, first things first. */
  public static List<Step> due(Attempt attempt, SiteId site) {
    Phase phase = attempt.masking().phase();
    List<Step> due = new ArrayList<>();
    if (phase.compareTo(Phase.SHARES) >= 0 && attempt.masking().keys().containsKey(site)) {
      due.add(Step.KEYS);
    }
    if (phase.compareTo(Phase.UPLOADS) >= 0 && attempt.masking().parcels().containsKey(site)) {
      due.add(Step.PARCELS);
    }
    boolean survivor = attempt.accepted().containsKey(site);
    if (phase.compareTo(Phase.CONSENT) >= 0 && survivor) {
      due.add(Step.SURVIVORS);
    }
    if (phase.compareTo(Phase.RELEASE) >= 0 && survivor) {
      due.add(Step.CONSENTS);
    }
    return due;
  }

  /** An order for a site. */
  public MaskOrder order(Attempt attempt, SiteId site, Step step) throws IOException {
    return switch (step) {
      case KEYS -> keys(attempt);
      case PARCELS -> parcels(attempt, site);
      case SURVIVORS -> survivors(attempt);
      case CONSENTS -> consents(attempt);
    };
  }

  private MaskOrder keys(Attempt attempt) throws IOException {
    SortedMap<SiteId, MaskOrder.Entry> entries = new TreeMap<>();
    for (SiteId site : attempt.masking().keys().keySet()) {
      SignedBytes keys = transcript.read(attempt, site, Kind.KEYS).getFirst();
      entries.put(site, new MaskOrder.Entry(keys, chains.of(site)));
    }
    return new MaskOrder.KeyBook(attempt.place(), entries);
  }

  private MaskOrder parcels(Attempt attempt, SiteId site) throws IOException {
    int number = attempt.number(site);
    List<SignedBytes> parcels = new ArrayList<>();
    for (SiteId from : attempt.masking().parcels().keySet()) {
      for (SignedBytes parcel : transcript.read(attempt, from, Kind.PARCELS)) {
        if (!from.equals(site) && MaskCodec.parcel(parcel.body()).to() == number) {
          parcels.add(parcel);
        }
      }
    }
    return new MaskOrder.Parcels(attempt.place(), parcels);
  }

  private static MaskOrder survivors(Attempt attempt) {
    SortedMap<SiteId, Digest> uploads = new TreeMap<>();
    for (Accepted update : attempt.accepted().values()) {
      uploads.put(update.site(), update.upload());
    }
    return new MaskOrder.Survivors(attempt.place(), uploads);
  }

  private MaskOrder consents(Attempt attempt) throws IOException {
    SortedMap<SiteId, SignedBytes> consents = new TreeMap<>();
    for (SiteId site : attempt.masking().consents().keySet()) {
      consents.put(site, transcript.read(attempt, site, Kind.CONSENT).getFirst());
    }
    return new MaskOrder.Consents(attempt.place(), consents);
  }
}
