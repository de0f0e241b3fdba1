package org.consilium.coordinator.rpc;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Accepted;
import org.consilium.coordinator.intake.Intake.Announced;
import org.consilium.coordinator.intake.Intake.Attached;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Progress;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.registry.RunningDigests;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.study.Studies;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.MaskReceipt;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.proto.v1.RenewReply;
import org.consilium.proto.v1.RenewRequest;
import org.consilium.proto.v1.ReportReceipt;
import org.consilium.proto.v1.RevocationsReply;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.proto.v1.RosterProof;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UpdateReceipt;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Digest;
import org.consilium.protocol.DigestList;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.RevocationSource;

/**
 * What sites may call. The caller is the site of the client certificate, {@link Caller#SITE}; no
 * message names its sender. Needs a server whose executor may block, for example one of virtual
 * threads.
 */
public final class CoordinationService extends CoordinationGrpc.CoordinationImplBase {
  private final Studies studies;
  private final AuditLog audit;
  private final Presence presence;
  private final Certificates certificates;
  private final InstantSource clock;
  private final Executor threads;
  private final SessionBudgets budgets;

  /** Who issues certificates, and the list of those that no longer hold. */
  public record Certificates(Consortium consortium, RevocationSource revocations) {}

  /**
   * Serves some studies.
   *
   * @param audit offered to sites, which cosign it
   * @param presence the one that the studies were opened with
   * @param certificates renews and revokes
   * @param clock tells sites the coordinator's time of day
   * @param threads sends to sites; may block
   */
  public CoordinationService(
      Studies studies,
      AuditLog audit,
      Presence presence,
      Certificates certificates,
      InstantSource clock,
      Executor threads) {
    this.studies = studies;
    this.audit = audit;
    this.presence = presence;
    this.certificates = certificates;
    this.clock = clock;
    this.threads = threads;
    this.budgets = new SessionBudgets(clock);
  }

  @Override
  public StreamObserver<SiteMessage> session(StreamObserver<CoordinatorMessage> out) {
    SiteSession session =
        new SiteSession(
            Caller.SITE.get(),
            out,
            new SiteSession.Door(studies, audit, presence, clock, threads),
            budgets);
    if (out instanceof ServerCallStreamObserver<CoordinatorMessage> call) {
      call.setOnCancelHandler(session::gone);
    }
    return session;
  }

  @Override
  public void fetchModel(FetchModelRequest request, StreamObserver<ModelChunk> out) {
    SiteId site = Caller.SITE.get();
    try {
      ModelVersion version = new ModelVersion(digest(request.getVersion()));
      Optional<Path> file = studies.modelFor(site, version);
      if (file.isEmpty()) {
        throw RpcStatus.noModel(version.digest().brief());
      }
      Optional<DigestList> digests =
          request.getRunning() ? RunningDigests.of(file.get(), version.digest()) : Optional.empty();
      ModelSender sender =
          ModelSender.open(
              file.get(), request.getOffset(), (ServerCallStreamObserver<ModelChunk>) out);
      if (digests.isPresent()) {
        out.onNext(
            ModelChunk.newBuilder()
                .setOffset(request.getOffset())
                .setRunningDigests(ByteString.copyFrom(digests.get().bytes()))
                .build());
      }
      sender.start(bytes -> studies.modelSent(site, version, bytes));
    } catch (IOException disk) {
      out.onError(RpcStatus.unavailable(disk));
    } catch (StatusRuntimeException refused) {
      out.onError(refused);
    }
  }

  @Override
  public void beginUpdate(Signed request, StreamObserver<UploadProgress> out) {
    answer(
        out,
        () ->
            progress(
                studies.begin(
                    Caller.SITE.get(),
                    request.getBody().toByteArray(),
                    request.getSignature().toByteArray())));
  }

  @Override
  public StreamObserver<UpdateChunk> sendChunks(StreamObserver<UploadProgress> out) {
    ChunkReceiver receiver =
        new ChunkReceiver(
            Caller.SITE.get(), studies, (ServerCallStreamObserver<UploadProgress>) out);
    receiver.start();
    return receiver;
  }

  @Override
  public void commitUpdate(CommitUpdateRequest request, StreamObserver<UpdateReceipt> out) {
    answer(
        out,
        () ->
            switch (studies.commit(Caller.SITE.get(), digest(request.getUpload()))) {
              case Accepted(Digest upload, boolean duplicate) ->
                  UpdateReceipt.newBuilder()
                      .setUpload(bytes(upload))
                      .setDuplicate(duplicate)
                      .build();
              case Rejected rejected -> throw RpcStatus.of(rejected);
              case Announced _, Progress _, Attached _, Checked _ -> throw unexpected();
            });
  }

  @Override
  public void submitReport(Signed request, StreamObserver<ReportReceipt> out) {
    answer(
        out,
        () ->
            switch (studies.report(
                Caller.SITE.get(),
                request.getBody().toByteArray(),
                request.getSignature().toByteArray())) {
              case ReportDesk.Filed(boolean duplicate) ->
                  ReportReceipt.newBuilder().setDuplicate(duplicate).build();
              case ReportDesk.Rejected rejected -> throw RpcStatus.of(rejected);
              case ReportDesk.Genuine _ -> throw unexpected();
            });
  }

  @Override
  public void submitMask(MaskSubmission request, StreamObserver<MaskReceipt> out) {
    answer(
        out,
        () ->
            switch (MaskCall.take(studies, Caller.SITE.get(), request)) {
              case Accepted(Digest _, boolean duplicate) ->
                  MaskReceipt.newBuilder().setDuplicate(duplicate).build();
              case Rejected rejected -> throw RpcStatus.of(rejected);
              case Announced _, Progress _, Attached _, Checked _ -> throw unexpected();
            });
  }

  @Override
  public void renew(RenewRequest request, StreamObserver<RenewReply> out) {
    answer(
        out,
        () -> {
          try {
            return renewed(
                certificates
                    .consortium()
                    .renew(
                        Caller.SITE.get(),
                        Caller.LEAF.get(),
                        request.getTlsRequest().toByteArray()));
          } catch (MembershipRefused refused) {
            throw RpcStatus.of(refused);
          }
        });
  }

  @Override
  public void revocations(RevocationsRequest request, StreamObserver<RevocationsReply> out) {
    answer(
        out,
        () -> {
          try {
            return RevocationsReply.newBuilder()
                .setList(ByteString.copyFrom(certificates.revocations().current().der()))
                .build();
          } catch (RevocationRefused none) {
            throw new IOException("sign a revocation list", none);
          }
        });
  }

  @Override
  public void getRoster(GetRosterRequest request, StreamObserver<RosterProof> out) {
    answer(out, () -> EnrolmentService.roster(certificates.consortium().rosterProof()));
  }

  /** One answer to one call. */
  private interface Call<A> {
    A run() throws IOException;
  }

  private static <A> void answer(StreamObserver<A> out, Call<A> call) {
    A answer;
    try {
      answer = call.run();
    } catch (IOException failed) {
      out.onError(RpcStatus.unavailable(failed));
      return;
    } catch (StatusRuntimeException refused) {
      out.onError(refused);
      return;
    }
    out.onNext(answer);
    out.onCompleted();
  }

  static UploadProgress progress(Intake outcome) {
    return switch (outcome) {
      case Progress p ->
          UploadProgress.newBuilder()
              .setUpload(bytes(p.upload()))
              .setChunks(p.chunks())
              .setStored(ByteString.copyFrom(p.stored()))
              .setPartBytes(Limits.PART_BYTES)
              .build();
      case Rejected rejected -> throw RpcStatus.of(rejected);
      case Announced _, Accepted _, Attached _, Checked _ -> throw unexpected();
    };
  }

  static RenewReply renewed(List<byte[]> chain) {
    return RenewReply.newBuilder()
        .addAllTlsChain(chain.stream().map(ByteString::copyFrom).toList())
        .build();
  }

  static Digest digest(ByteString raw) {
    if (raw.size() != Digest.BYTES) {
      throw RpcStatus.malformed(
          "a digest has %d bytes, got %d".formatted(Digest.BYTES, raw.size()));
    }
    return Digest.of(raw.toByteArray());
  }

  private static ByteString bytes(Digest digest) {
    return ByteString.copyFrom(digest.bytes());
  }

  private static IllegalStateException unexpected() {
    return new IllegalStateException("an answer that this call cannot have");
  }
}
