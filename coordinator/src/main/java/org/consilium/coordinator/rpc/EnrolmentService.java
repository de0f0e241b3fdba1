package org.consilium.coordinator.rpc;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.InstantSource;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.ops.AccessMetrics.InvitationOutcome;
import org.consilium.proto.v1.CollectReply;
import org.consilium.proto.v1.CollectRequest;
import org.consilium.proto.v1.EnrolReply;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.RenewReply;
import org.consilium.proto.v1.RosterProof;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joining: spends a token, and says what became of the request. Anyone may call. */
public final class EnrolmentService extends EnrolmentGrpc.EnrolmentImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(EnrolmentService.class);
  private static final int REFUSALS_A_MINUTE_MAX = 60;

  private final Consortium consortium;
  private final AccessMetrics metrics;
  private final InstantSource clock;
  private final AwayLog away;
  private long minute;
  private int refusals;

  public EnrolmentService(Consortium consortium, AccessMetrics metrics, InstantSource clock) {
    this.consortium = consortium;
    this.metrics = metrics;
    this.clock = clock;
    this.away = new AwayLog(clock);
  }

  /** A step that may be refused or fail. */
  private interface Step<T> {
    T run() throws MembershipRefused, IOException;
  }

  @Override
  public void enrol(EnrolRequest request, StreamObserver<EnrolReply> answer) {
    answer(
        "enrol",
        answer,
        () -> {
          byte[] key =
              consortium
                  .enrol(
                      new SiteId(request.getSite()),
                      request.getToken().toByteArray(),
                      new KeyRequests(
                          request.getTlsRequest().toByteArray(),
                          request.getSigningRequest().toByteArray(),
                          request.getSoftwareVersion()),
                      request.getBinding().toByteArray())
                  .bytes();
          metrics.invitation(InvitationOutcome.USED);
          return EnrolReply.newBuilder()
              .setKeyDigest(ByteString.copyFrom(key))
              .setCoordinatorTimeMillis(clock.millis())
              .build();
        });
  }

  @Override
  public void collect(CollectRequest request, StreamObserver<CollectReply> answer) {
    answer(
        "collect",
        answer,
        () ->
            switch (consortium.collect(
                new SiteId(request.getSite()), Digest.of(request.getKeyDigest().toByteArray()))) {
              case Consortium.Collected.Pending _ ->
                  CollectReply.newBuilder().setState(CollectReply.State.PENDING).build();
              case Consortium.Collected.Denied _ ->
                  CollectReply.newBuilder().setState(CollectReply.State.DENIED).build();
              case Consortium.Collected.Approved approved ->
                  CollectReply.newBuilder()
                      .setState(CollectReply.State.APPROVED)
                      .addAllTlsChain(
                          approved.tlsChain().stream().map(ByteString::copyFrom).toList())
                      .addAllSigningChain(
                          approved.signingChain().stream().map(ByteString::copyFrom).toList())
                      .setRoster(roster(consortium.rosterProof()))
                      .build();
            });
  }

  @Override
  public void recover(Signed request, StreamObserver<RenewReply> answer) {
    answer(
        "recover",
        answer,
        () ->
            CoordinationService.renewed(
                RecoveryCheck.of(consortium, clock)
                    .recovered(
                        request.getBody().toByteArray(), request.getSignature().toByteArray())));
  }

  static RosterProof roster(org.consilium.security.roster.RosterProof proof) {
    return RosterProof.newBuilder()
        .addAllDecisions(proof.decisions().stream().map(ByteString::copyFrom).toList())
        .setHead(ByteString.copyFrom(proof.head()))
        .setHeadSignature(ByteString.copyFrom(proof.headSignature()))
        .addAllHeadChain(proof.headChain().stream().map(ByteString::copyFrom).toList())
        .build();
  }

  private <T> void answer(String name, StreamObserver<T> answer, Step<T> step) {
    T reply;
    try {
      reply = step.run();
    } catch (MembershipRefused refused) {
      countRefusal(refused);
      answer.onError(tooMany() ? tooManyRefusals() : RpcStatus.of(refused));
      return;
    } catch (StatusRuntimeException refused) {
      countRefusal();
      answer.onError(tooMany() ? tooManyRefusals() : refused);
      return;
    } catch (IllegalArgumentException illegal) {
      countRefusal();
      answer.onError(RpcStatus.malformed(name + ": " + illegal.getMessage()));
      return;
    } catch (AuthorityUnreachable away) {
      this.away.line(name, away).ifPresent(LOG::warn);
      answer.onError(RpcStatus.unavailable(away));
      return;
    } catch (IOException failed) {
      LOG.error("{} failed on the store", name, failed);
      answer.onError(RpcStatus.unavailable(failed));
      return;
    }
    answer.onNext(reply);
    answer.onCompleted();
  }

  private void countRefusal(MembershipRefused refused) {
    switch (refused.why()) {
      case TOKEN_EXPIRED -> metrics.invitation(InvitationOutcome.EXPIRED);
      case TOKEN_SPENT, TOKEN_UNKNOWN, BAD_REQUEST -> metrics.invitation(InvitationOutcome.REFUSED);
      case NOT_FOUND,
          FINGERPRINT,
          WRONG_STATE,
          NOT_ON_ROSTER,
          SAME_PERSON,
          NOT_ALLOWED,
          BAD_SIGNATURE,
          STALE,
          TOO_MANY -> {
        // a question about a request, not a use of a token
      }
    }
    countRefusal();
  }

  private synchronized void countRefusal() {
    long current = clock.instant().getEpochSecond() / 60;
    if (current != minute) {
      minute = current;
      refusals = 0;
    }
    refusals++;
  }

  /** A right token is never counted out: guessing is hopeless against 256 bits anyway. */
  private synchronized boolean tooMany() {
    return refusals > REFUSALS_A_MINUTE_MAX;
  }

  private static StatusRuntimeException tooManyRefusals() {
    return RpcStatus.tooManyRefusals(REFUSALS_A_MINUTE_MAX);
  }
}
