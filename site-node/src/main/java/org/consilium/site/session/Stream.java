package org.consilium.site.session;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.SiteMessage;

/** Single messages on the session's stream, each within a limit. */
final class Stream {
  private static final Duration WRITE_MAX = Duration.ofSeconds(20);

  private Stream() {}

  static void write(BlockingClientCall<SiteMessage, CoordinatorMessage> stream, SiteMessage message)
      throws StatusException, TimeoutException, InterruptedException {
    if (!stream.write(message, WRITE_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
      throw Status.UNAVAILABLE.withDescription("the stream was closed").asException();
    }
  }

  static CoordinatorMessage read(
      BlockingClientCall<SiteMessage, CoordinatorMessage> stream, Duration limit)
      throws StatusException, TimeoutException, InterruptedException {
    CoordinatorMessage message = stream.read(limit.toMillis(), TimeUnit.MILLISECONDS);
    if (message == null) {
      throw Status.UNAVAILABLE.withDescription("the coordinator closed the stream").asException();
    }
    return message;
  }

  static Optional<CoordinatorMessage> poll(
      BlockingClientCall<SiteMessage, CoordinatorMessage> stream, Duration limit)
      throws StatusException, InterruptedException {
    try {
      return Optional.of(read(stream, limit));
    } catch (TimeoutException nothingYet) {
      return Optional.empty();
    }
  }
}
