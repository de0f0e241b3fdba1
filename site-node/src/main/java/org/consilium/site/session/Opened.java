package org.consilium.site.session;

import io.grpc.stub.BlockingClientCall;
import java.util.Optional;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.SiteMessage;

/** A stream that was welcomed, the key that signs on it, and the credential it came with. */
record Opened(
    BlockingClientCall<SiteMessage, CoordinatorMessage> stream,
    Optional<CoordinatorKey> key,
    Goodbye.Reason refusal,
    int generation) {}
