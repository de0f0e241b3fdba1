package org.consilium.site.session;

import com.google.protobuf.MessageLite;
import java.util.Optional;
import org.consilium.proto.v1.CollectRequest;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.proto.v1.Refusal;
import org.consilium.proto.v1.RenewRequest;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.StudyDecision;
import org.consilium.proto.v1.TaskState;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.protect.Outgoing;

/** Which kind each message of each call is; what is not here is of no declared kind. */
final class OutgoingMessages {
  private static final String BEGIN_UPDATE =
      CoordinationGrpc.getBeginUpdateMethod().getFullMethodName();
  private static final String SUBMIT_REPORT =
      CoordinationGrpc.getSubmitReportMethod().getFullMethodName();

  private static final String RECOVER = EnrolmentGrpc.getRecoverMethod().getFullMethodName();

  private OutgoingMessages() {}

  /** The message at the exit; empty if it is of no declared kind. */
  static Optional<Outgoing> of(String method, MessageLite message) {
    return switch (message) {
      case SiteMessage said -> said(said);
      case EnrolRequest request -> Optional.of(enrol(request));
      case CollectRequest _,
          FetchModelRequest _,
          CommitUpdateRequest _,
          RevocationsRequest _,
          GetRosterRequest _ ->
          Optional.of(Outgoing.plain(Kind.REQUEST, message.toByteArray()));
      case RenewRequest _ -> Optional.of(Outgoing.plain(Kind.RENEW_REQUEST, message.toByteArray()));
      case Signed _ when method.equals(RECOVER) ->
          Optional.of(Outgoing.plain(Kind.RENEW_REQUEST, message.toByteArray()));
      case UpdateChunk chunk -> Optional.of(chunk(chunk));
      case MaskSubmission submission -> mask(submission);
      case Signed signed when method.equals(BEGIN_UPDATE) -> Optional.of(manifest(signed));
      case Signed signed when method.equals(SUBMIT_REPORT) -> Optional.of(report(signed));
      default -> Optional.empty();
    };
  }

  private static Optional<Outgoing> said(SiteMessage message) {
    byte[] bytes = message.toByteArray();
    return switch (message.getKindCase()) {
      case HELLO -> Optional.of(Outgoing.plain(Kind.CAPABILITY, bytes));
      case PING -> Optional.of(Outgoing.plain(Kind.HEARTBEATS, bytes));
      case AUDIT_STATE -> Optional.of(Outgoing.plain(Kind.AUDIT_STATE, bytes));
      case AUDIT_COSIGN -> Optional.of(Outgoing.plain(Kind.AUDIT_COSIGN, bytes));
      case DECISION -> {
        StudyDecision decision = message.getDecision();
        yield Optional.of(
            Outgoing.of(
                Kind.DECISION, new StudyId(decision.getStudy()), 0, decision.getAccepted(), bytes));
      }
      case HOURS ->
          Optional.of(
              Outgoing.of(Kind.HOURS, new StudyId(message.getHours().getStudy()), 0, false, bytes));
      case TASK_STATE -> {
        TaskState state = message.getTaskState();
        boolean refused = state.getRefusal() != Refusal.REFUSAL_UNSPECIFIED;
        yield Optional.of(
            Outgoing.of(
                refused ? Kind.TYPED_ERROR : Kind.HEARTBEATS,
                new StudyId(state.getStudy()),
                state.getRound(),
                false,
                bytes));
      }
      case KIND_NOT_SET -> Optional.empty();
    };
  }

  /** The ledger names the request without the token, which is a secret until it is spent. */
  private static Outgoing enrol(EnrolRequest request) {
    byte[] shown = request.toBuilder().clearToken().build().toByteArray();
    return new Outgoing(
        Kind.ENROL_REQUEST,
        Optional.empty(),
        0,
        false,
        request.toByteArray(),
        Digest.sha256(shown),
        "coordinator",
        0);
  }

  /** A part of an update that was announced by the digest of its manifest. */
  private static Outgoing chunk(UpdateChunk chunk) {
    return new Outgoing(
        Kind.UPDATE,
        Optional.empty(),
        0,
        false,
        chunk.toByteArray(),
        Digest.of(chunk.getUpload().toByteArray()),
        "aggregation key holder",
        0);
  }

  private static Optional<Outgoing> mask(MaskSubmission m) {
    return switch (m.getKindCase()) {
      case KEYS ->
          Optional.of(mask(Kind.KEYS, MaskCodec.keys(m.getKeys().getBody().toByteArray()), m));
      case PARCELS ->
          m.getParcels().getParcelsList().stream()
              .findFirst()
              .map(p -> mask(Kind.SHARES, MaskCodec.parcel(p.getBody().toByteArray()), m));
      case CONSENT ->
          Optional.of(
              mask(
                  Kind.U3_SIGNATURE, MaskCodec.consent(m.getConsent().getBody().toByteArray()), m));
      case RELEASE ->
          Optional.of(
              mask(
                  Kind.UNMASK_SHARES,
                  MaskCodec.release(m.getRelease().getBody().toByteArray()),
                  m));
      case COMPLAINT ->
          Optional.of(
              mask(
                  Kind.COMPLAINT,
                  MaskCodec.complaint(m.getComplaint().getBody().toByteArray()),
                  m));
      case KIND_NOT_SET -> Optional.empty();
    };
  }

  private static Outgoing mask(Kind kind, MaskMessage message, MaskSubmission whole) {
    byte[] bytes = whole.toByteArray();
    return new Outgoing(
        kind,
        Optional.of(message.place().round().study()),
        message.place().round().number(),
        true,
        bytes,
        Digest.sha256(bytes),
        kind == Kind.SHARES ? "the other sites, each its own" : "coordinator",
        0);
  }

  private static Outgoing manifest(Signed signed) {
    byte[] body = signed.getBody().toByteArray();
    UpdateManifest manifest = ManifestCodec.decode(body);
    return new Outgoing(
        Kind.MANIFEST,
        Optional.of(manifest.round().study()),
        manifest.round().number(),
        true,
        signed.toByteArray(),
        Digest.sha256(body),
        "coordinator",
        manifest.norm());
  }

  private static Outgoing report(Signed signed) {
    byte[] body = signed.getBody().toByteArray();
    ValidationReport report = ReportCodec.decode(body);
    return new Outgoing(
        Kind.REPORT,
        Optional.of(report.round().study()),
        report.round().number(),
        true,
        signed.toByteArray(),
        Digest.sha256(body),
        "coordinator",
        0);
  }
}
