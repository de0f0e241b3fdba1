package org.consilium.coordinator.round;

import com.google.protobuf.ByteString;
import java.time.Instant;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.proto.journal.StudyEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.SiteId;

/** The events of masking as journal entries. */
final class MaskEventCodec {
  private MaskEventCodec() {}

  static void encode(StudyEntry.Builder m, MaskEvent event) {
    Place place = event.place();
    switch (event) {
      case MaskTaken(_, _, SiteId site, Kind kind, Digest message) ->
          m.getMaskTakenBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(site.value())
              .setKind(kind(kind))
              .setMessage(ByteString.copyFrom(message.bytes()));
      case MaskPhaseClosed(_, _, Kind phase) ->
          m.getMaskPhaseClosedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setPhase(kind(phase));
      case SharesRefused(_, _, var sites) ->
          m.getSharesRefusedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .addAllSites(sites.stream().map(SiteId::value).toList());
      case DealerBlamed(_, _, SiteId site, SiteId dealer, var why, Digest message) ->
          m.getDealerBlamedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(site.value())
              .setDealer(dealer.value())
              .setWhy(why.name())
              .setMessage(ByteString.copyFrom(message.bytes()));
      case SumRefused(_, _, String detail) ->
          m.getSumRefusedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setDetail(detail);
    }
  }

  static MaskEvent decode(Instant at, StudyEntry m) {
    return switch (m.getKindCase()) {
      case MASK_TAKEN -> {
        var e = m.getMaskTaken();
        yield new MaskTaken(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            new SiteId(e.getSite()),
            kind(e.getKind()),
            Digest.of(e.getMessage().toByteArray()));
      }
      case MASK_PHASE_CLOSED -> {
        var e = m.getMaskPhaseClosed();
        yield new MaskPhaseClosed(at, new Place(e.getNumber(), e.getAttempt()), kind(e.getPhase()));
      }
      case SHARES_REFUSED -> {
        var e = m.getSharesRefused();
        yield new SharesRefused(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            e.getSitesList().stream().map(SiteId::new).toList());
      }
      case SUM_REFUSED -> {
        var e = m.getSumRefused();
        yield new SumRefused(at, new Place(e.getNumber(), e.getAttempt()), e.getDetail());
      }
      case DEALER_BLAMED -> {
        var e = m.getDealerBlamed();
        yield new DealerBlamed(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            new SiteId(e.getSite()),
            new SiteId(e.getDealer()),
            Complaint.Why.valueOf(e.getWhy()),
            Digest.of(e.getMessage().toByteArray()));
      }
      default -> throw new IllegalStateException("not a masking event: " + m.getKindCase());
    };
  }

  private static org.consilium.proto.journal.MaskTaken.Kind kind(Kind kind) {
    return switch (kind) {
      case KEYS -> org.consilium.proto.journal.MaskTaken.Kind.KEYS;
      case PARCELS -> org.consilium.proto.journal.MaskTaken.Kind.PARCELS;
      case CONSENT -> org.consilium.proto.journal.MaskTaken.Kind.CONSENT;
      case RELEASE -> org.consilium.proto.journal.MaskTaken.Kind.RELEASE;
      case COMPLAINT -> org.consilium.proto.journal.MaskTaken.Kind.COMPLAINT;
    };
  }

  private static Kind kind(org.consilium.proto.journal.MaskTaken.Kind kind) {
    return switch (kind) {
      case KEYS -> Kind.KEYS;
      case PARCELS -> Kind.PARCELS;
      case CONSENT -> Kind.CONSENT;
      case RELEASE -> Kind.RELEASE;
      case COMPLAINT -> Kind.COMPLAINT;
      case KIND_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalStateException(
              "read journal entry: its kind of mask message is unknown to this version");
    };
  }
}
