package org.consilium.site.session;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.Recovery;
import org.consilium.proto.v1.RenewReply;
import org.consilium.proto.v1.RenewRequest;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.SigningKey;

/** Asking for a successor of the node's TLS certificate. */
public final class RenewalCall {
  private static final long UNARY_SECONDS = 30;

  private final CoordinatorLink link;

  public RenewalCall(CoordinatorLink link) {
    this.link = link;
  }

  /** What the coordinator said. */
  public sealed interface Reply {
    /** The successor's chain, leaf first, root last; not checked. */
    record Issued(List<X509Certificate> chain) implements Reply {}

    /**
     * There is none.
     *
     * @param status code of the failure
     * @param reason safe to print
     */
    record Failed(Status.Code status, String reason) implements Reply {}
  }

  /**
   * What a site signs to recover a certificate that ended.
   *
   * @param root of the consortium
   */
  public record Lapsed(
      SiteId site, Fingerprint root, X509Certificate expired, SigningKey signing) {}

  /** Asks over the connection that the present certificate made. */
  public Reply renew(KeyRequest fresh) {
    RenewRequest request =
        RenewRequest.newBuilder().setTlsRequest(ByteString.copyFrom(fresh.pkcs10())).build();
    try {
      return issued(
          CoordinationGrpc.newBlockingV2Stub(link.channel())
              .withDeadlineAfter(UNARY_SECONDS, TimeUnit.SECONDS)
              .renew(request));
    } catch (StatusException | StatusRuntimeException failed) {
      return failed(failed);
    }
  }

  /** Asks with the site's signing key, because the certificate has ended. */
  public Reply recover(Lapsed lapsed, KeyRequest fresh, InstantSource clock) throws IOException {
    byte[] body;
    try {
      body =
          Recovery.newBuilder()
              .setSite(lapsed.site().value())
              .setRoot(ByteString.copyFrom(lapsed.root().bytes()))
              .setExpired(ByteString.copyFrom(lapsed.expired().getEncoded()))
              .setTlsRequest(ByteString.copyFrom(fresh.pkcs10()))
              .setSiteTimeMillis(clock.millis())
              .build()
              .toByteArray();
    } catch (java.security.cert.CertificateEncodingException broken) {
      throw new IOException("encode the certificate that ended", broken);
    }
    byte[] signature = lapsed.signing().sign(SignedKind.RECOVERY.label(), body);
    Signed request =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(body))
            .setSignature(ByteString.copyFrom(signature))
            .build();
    try {
      return issued(
          EnrolmentGrpc.newBlockingV2Stub(link.channel())
              .withDeadlineAfter(UNARY_SECONDS, TimeUnit.SECONDS)
              .recover(request));
    } catch (StatusException | StatusRuntimeException failed) {
      return failed(failed);
    }
  }

  private static Reply issued(RenewReply reply) {
    try {
      return new Reply.Issued(
          ChainCheck.parse(reply.getTlsChainList().stream().map(ByteString::toByteArray).toList()));
    } catch (ChainRefused refused) {
      return new Reply.Failed(
          Status.Code.DATA_LOSS, Limits.printable(String.valueOf(refused.getMessage())));
    }
  }

  private static Reply failed(Exception failure) {
    Status status = Status.fromThrowable(failure);
    return new Reply.Failed(status.getCode(), Failures.plainWords(status));
  }
}
