package org.consilium.site.session;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.site.protect.EgressBlocked;

/**
 * Fetching the list of revoked certificates. The request is empty. The answer is signed by the
 * authority: the way it comes by need not be trusted.
 */
public final class RevocationCall {
  private static final long UNARY_SECONDS = 30;

  private RevocationCall() {}

  /** The list in DER, not verified. */
  public static byte[] fetch(CoordinatorLink link) throws IOException {
    try {
      return CoordinationGrpc.newBlockingV2Stub(link.channel())
          .withDeadlineAfter(UNARY_SECONDS, TimeUnit.SECONDS)
          .revocations(RevocationsRequest.getDefaultInstance())
          .getList()
          .toByteArray();
    } catch (EgressBlocked paused) {
      throw new IOException("fetch the revocation list: " + paused.getMessage(), paused);
    } catch (StatusException | StatusRuntimeException failed) {
      throw new IOException(
          "fetch the revocation list: " + Failures.words(Status.fromThrowable(failed)), failed);
    }
  }
}
