package org.consilium.site.session;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CollectReply;
import org.consilium.proto.v1.CollectRequest;
import org.consilium.proto.v1.EnrolReply;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;

/**
 * Joining a consortium: two requests for certificates, a one-time token, then asking whether people
 * agreed.
 */
public final class EnrolmentCall {
  private static final long UNARY_SECONDS = 30;

  private final CoordinatorLink link;
  private final InstantSource clock;

  /** By {@code clock} this machine's time is compared with the coordinator's. */
  public EnrolmentCall(CoordinatorLink link, InstantSource clock) {
    this.link = link;
    this.clock = clock;
  }

  /** What the coordinator said. */
  public sealed interface Reply {
    /** People have not decided yet. */
    record Pending() implements Reply {}

    /** Both certificate chains, leaf first, root last, and a roster that is not verified. */
    record Approved(List<X509Certificate> tls, List<X509Certificate> signing, RosterProof roster)
        implements Reply {}

    /** People said no. */
    record Denied() implements Reply {}

    /**
     * The request was taken, but this machine's clock is wrong.
     *
     * @param reason safe to print
     */
    record Skewed(String reason) implements Reply {}

    /**
     * The call failed.
     *
     * @param status code of the failure
     * @param why name of the reason that the coordinator gave, else empty
     * @param reason safe to print
     */
    record Failed(Status.Code status, String why, String reason) implements Reply {
      Failed(Status.Code status, String reason) {
        this(status, "", reason);
      }
    }
  }

  /** Spends the token. */
  public Reply enrol(JoinToken token, KeyRequest tls, KeyRequest signing, String softwareVersion) {
    EnrolRequest request =
        EnrolRequest.newBuilder()
            .setSite(token.site())
            .setToken(ByteString.copyFrom(token.secret()))
            .setTlsRequest(ByteString.copyFrom(tls.pkcs10()))
            .setSigningRequest(ByteString.copyFrom(signing.pkcs10()))
            .setSoftwareVersion(softwareVersion)
            .setBinding(
                ByteString.copyFrom(
                    tls.vouch(
                        JoinToken.statement(
                            token.site(), token.secretDigest(), signing.fingerprint()))))
            .build();
    try {
      Instant asked = clock.instant();
      EnrolReply answer = stub().enrol(request);
      Skew.check(answer.getCoordinatorTimeMillis(), asked, clock.instant());
      byte[] seen = answer.getKeyDigest().toByteArray();
      if (!java.util.Arrays.equals(seen, tls.fingerprint().bytes())) {
        return new Reply.Failed(
            Status.Code.DATA_LOSS, "the coordinator saw another key than was sent");
      }
      return new Reply.Pending();
    } catch (Skew skew) {
      return new Reply.Skewed(String.valueOf(skew.getMessage()));
    } catch (StatusException | StatusRuntimeException failed) {
      return failed(Status.fromThrowable(failed));
    }
  }

  /** Asks whether the request was approved. */
  public Reply collect(String site, KeyRequest tls) {
    CollectRequest request =
        CollectRequest.newBuilder()
            .setSite(site)
            .setKeyDigest(ByteString.copyFrom(tls.fingerprint().bytes()))
            .build();
    try {
      CollectReply reply = stub().collect(request);
      return switch (reply.getState()) {
        case PENDING -> new Reply.Pending();
        case DENIED -> new Reply.Denied();
        case APPROVED ->
            new Reply.Approved(
                chain(reply.getTlsChainList()),
                chain(reply.getSigningChainList()),
                RosterPin.of(reply.getRoster()));
        case STATE_UNSPECIFIED, UNRECOGNIZED ->
            new Reply.Failed(
                Status.Code.INTERNAL,
                "the coordinator's answer has state number " + reply.getStateValue());
      };
    } catch (StatusException | StatusRuntimeException failed) {
      return failed(Status.fromThrowable(failed));
    } catch (ChainRefused refused) {
      return new Reply.Failed(
          Status.Code.DATA_LOSS, Limits.printable(String.valueOf(refused.getMessage())));
    }
  }

  /** What the end of a call means. */
  public static Reply.Failed failed(Status status) {
    return new Reply.Failed(status.getCode(), Failures.reason(status), Failures.plainWords(status));
  }

  private static List<X509Certificate> chain(List<ByteString> der) throws ChainRefused {
    return ChainCheck.parse(der.stream().map(ByteString::toByteArray).toList());
  }

  private EnrolmentGrpc.EnrolmentBlockingV2Stub stub() {
    return EnrolmentGrpc.newBlockingV2Stub(link.channel())
        .withDeadlineAfter(UNARY_SECONDS, TimeUnit.SECONDS);
  }
}
