package org.consilium.coordinator.rpc;

import java.io.IOException;
import java.util.List;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.study.Studies;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;

/** Reads a submission of masking and hands it to the study that it names. */
final class MaskCall {
  private MaskCall() {}

  static Intake take(Studies studies, SiteId site, MaskSubmission request) throws IOException {
    try {
      return switch (request.getKindCase()) {
        case KEYS -> {
          SignedBytes keys = MaskCodec.signed(request.getKeys());
          yield take(studies, site, Kind.KEYS, List.of(keys), MaskCodec.keys(keys.body()));
        }
        case PARCELS -> {
          List<SignedBytes> parcels = MaskCodec.parcels(request.getParcels());
          if (parcels.isEmpty()) {
            throw RpcStatus.malformed("mask submission: no parcels");
          }
          yield take(
              studies, site, Kind.PARCELS, parcels, MaskCodec.parcel(parcels.getFirst().body()));
        }
        case CONSENT -> {
          SignedBytes consent = MaskCodec.signed(request.getConsent());
          yield take(
              studies, site, Kind.CONSENT, List.of(consent), MaskCodec.consent(consent.body()));
        }
        case RELEASE -> {
          SignedBytes release = MaskCodec.signed(request.getRelease());
          yield take(
              studies, site, Kind.RELEASE, List.of(release), MaskCodec.release(release.body()));
        }
        case COMPLAINT -> {
          SignedBytes complaint = MaskCodec.signed(request.getComplaint());
          yield take(
              studies,
              site,
              Kind.COMPLAINT,
              List.of(complaint),
              MaskCodec.complaint(complaint.body()));
        }
        case KIND_NOT_SET -> throw RpcStatus.malformed("mask submission: it says nothing");
      };
    } catch (MalformedMessage malformed) {
      throw RpcStatus.malformed(String.valueOf(malformed.getMessage()));
    }
  }

  private static Intake take(
      Studies studies, SiteId site, Kind kind, List<SignedBytes> messages, MaskMessage first)
      throws IOException {
    return studies.mask(site, first.place().round().study(), kind, messages);
  }
}
