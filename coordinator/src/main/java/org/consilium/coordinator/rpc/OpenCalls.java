package org.consilium.coordinator.rpc;

import io.grpc.ServerCall;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.protocol.SiteId;

/**
 * Every open call of a site, whatever it does, by whichever connection it came and however far: who
 * may no longer call has none open for longer than two sweeps, and nobody has more than a few. A
 * call is open until its connection has sent its end or is closed: until then it holds memory. Safe
 * for use by many threads.
 */
final class OpenCalls {
  private final Consortium consortium;
  private final Denylist denylist;
  private final DoorLimits.Leases leases;
  private final int siteMax;
  private final int bytesLooks;
  private final int readerLooks;

  /** A site's calls, the oldest first; no site without one. */
  private final Map<SiteId, SequencedSet<SiteCall<?, ?>>> open = new HashMap<>();

  /**
   * No call is open yet.
   *
   * @param limits how many calls a site may have, and how long a transfer may stand still
   * @param sweep how often {@link #sweep} will be called
   */
  OpenCalls(Consortium consortium, Denylist denylist, DoorLimits limits, Duration sweep) {
    this.consortium = consortium;
    this.denylist = denylist;
    this.leases = limits.leases();
    this.siteMax = limits.counts().callsASite();
    this.bytesLooks = (int) Math.max(1, leases.receiving().dividedBy(sweep));
    this.readerLooks = (int) Math.max(1, leases.sending().dividedBy(sweep));
  }

  /**
   * A call that is held from now on, before anybody asks whether it is allowed: so a revocation
   * misses none. Empty if the site has as many open as it may.
   */
  <Q, A> Optional<SiteCall<Q, A>> hold(ServerCall<Q, A> call, SiteId site, X509Certificate leaf) {
    SiteCall<Q, A> held = new SiteCall<>(call, site, leaf, this::forget);
    return add(held) ? Optional.of(held) : Optional.empty();
  }

  /** What a call is told that is not held. */
  Status tooMany() {
    return RpcStatus.tooManyCalls(siteMax);
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
   * Ends the oldest calls of a site until half as many go on as it may have open. A node that comes
   * back after a cut is not kept out by the calls that died with its line: they are the older ones.
   */
  void makeRoom(SiteId site) {
    int goingMax = siteMax / 2;
    List<SiteCall<?, ?>> going = new ArrayList<>(callsOf(site));
    going.removeIf(call -> !call.goesOn());
    for (SiteCall<?, ?> call : going.subList(0, Math.max(0, going.size() - goingMax))) {
      call.end(RpcStatus.overtaken(goingMax));
    }
  }

  /**
   * Ends what may not go on. A call is ended at the second look: at the first, a session may be
   * about to say goodbye.
   */
  void sweep() {
    for (SiteCall<?, ?> call : all()) {
      objection(call).ifPresent(call::object);
      call.lookForBytes(bytesLooks, RpcStatus.stalled(leases.receiving()));
      call.lookForReader(readerLooks, RpcStatus.notTaken(leases.sending()));
    }
  }

  /** The call is over, or never began. */
  synchronized void forget(SiteCall<?, ?> call) {
    SequencedSet<SiteCall<?, ?>> calls = open.getOrDefault(call.site(), new LinkedHashSet<>());
    if (calls.remove(call) && calls.isEmpty()) {
      open.remove(call.site());
    }
  }

  private synchronized boolean add(SiteCall<?, ?> call) {
    SequencedSet<SiteCall<?, ?>> calls =
        open.computeIfAbsent(call.site(), _ -> new LinkedHashSet<>());
    return calls.size() < siteMax && calls.add(call);
  }

  private synchronized List<SiteCall<?, ?>> callsOf(SiteId site) {
    return List.copyOf(open.getOrDefault(site, new LinkedHashSet<>()));
  }

  private synchronized List<SiteCall<?, ?>> all() {
    List<SiteCall<?, ?>> calls = new ArrayList<>();
    open.values().forEach(calls::addAll);
    return calls;
  }
}
