package org.consilium.coordinator.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.protocol.SiteId;

/**
 * Every open call of a site, whatever it does and however far it came: who may no longer call has
 * none open for longer than two sweeps. Safe for use by many threads.
 */
final class OpenCalls {
  private final Consortium consortium;
  private final Denylist denylist;
  private final DoorLimits.Leases leases;
  private final int chunkLooks;
  private final int readerLooks;
  private final Set<SiteCall<?, ?>> open = ConcurrentHashMap.newKeySet();

  /**
   * No call is open yet.
   *
   * @param leases how long a transfer may stand still
   * @param sweep how often {@link #sweep} will be called
   */
  OpenCalls(Consortium consortium, Denylist denylist, DoorLimits.Leases leases, Duration sweep) {
    this.consortium = consortium;
    this.denylist = denylist;
    this.leases = leases;
    this.chunkLooks = (int) Math.max(1, leases.receiving().dividedBy(sweep));
    this.readerLooks = (int) Math.max(1, leases.sending().dividedBy(sweep));
  }

  /**
   * A call that is held from now on, before anybody asks whether it is allowed: so a revocation
   * misses none.
   */
  <Q, A> SiteCall<Q, A> hold(ServerCall<Q, A> call, SiteId site, X509Certificate leaf) {
    SiteCall<Q, A> held = new SiteCall<>(call, site, leaf, open::remove);
    open.add(held);
    return held;
  }

  /** Why a site may not call with this certificate now; empty if it may. */
  Optional<Status> objection(SiteCall<?, ?> call) {
    if (denylist.holds(call.leaf())) {
      return Optional.of(
          Status.PERMISSION_DENIED.withDescription(
              "site %s, its key or its certificate is on the denylist".formatted(call.site())));
    }
    return switch (consortium.admission(call.site(), call.leaf())) {
      case ADMITTED -> Optional.empty();
      case EXPIRED ->
          Optional.of(
              Status.UNAUTHENTICATED.withDescription(
                  "the certificate of site %s does not hold now; it ends %s"
                      .formatted(call.site(), call.leaf().getNotAfter().toInstant())));
      case NOT_A_MEMBER ->
          Optional.of(
              Status.PERMISSION_DENIED.withDescription(
                  "site %s is not an approved member with this certificate"
                      .formatted(call.site())));
    };
  }

  /**
   * Ends what may not go on. A call is ended at the second look: at the first, a session may be
   * about to say goodbye.
   */
  void sweep() {
    for (SiteCall<?, ?> call : open) {
      objection(call).ifPresent(call::object);
      call.lookForChunk(chunkLooks, RpcStatus.stalled(leases.receiving()));
      call.lookForReader(readerLooks, RpcStatus.notTaken(leases.sending()));
    }
  }

  /** Ends a call that was just begun. */
  void refuse(SiteCall<?, ?> call, Status status) {
    open.remove(call);
    call.close(status, new Metadata());
  }
}
