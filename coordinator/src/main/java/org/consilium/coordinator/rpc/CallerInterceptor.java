package org.consilium.coordinator.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.SpiffeId;

/**
 * Turns the peer's certificate into the calling site, before any service sees the call. TLS has
 * proved the certificate; whether its site is a member now is asked for every call.
 */
final class CallerInterceptor implements ServerInterceptor {
  private final OpenCalls calls;
  private final AccessMetrics metrics;

  CallerInterceptor(OpenCalls calls, AccessMetrics metrics) {
    this.calls = calls;
    this.metrics = metrics;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Optional<X509Certificate> leaf =
        leaf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
    Optional<SiteId> site = leaf.flatMap(CallerInterceptor::site);
    if (leaf.isEmpty() || site.isEmpty()) {
      return refuse(
          call,
          AccessMetrics.Failure.MISSING,
          Status.UNAUTHENTICATED.withDescription("a site certificate is required"));
    }
    Optional<SiteCall<Q, A>> held = calls.hold(call, site.get(), leaf.get());
    return held.isPresent()
        ? begin(held.get(), headers, next)
        : refuse(call, AccessMetrics.Failure.REFUSED, calls.tooMany());
  }

  /** The site of a call's certificate, whether or not it may call. */
  static Optional<SiteId> site(ServerCall<?, ?> call) {
    return leaf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION))
        .flatMap(CallerInterceptor::site);
  }

  /** Only a call that is allowed ends older ones: who is shut out must not harm the site. */
  private <Q, A> ServerCall.Listener<Q> begin(
      SiteCall<Q, A> held, Metadata headers, ServerCallHandler<Q, A> next) {
    Optional<Status> objection = calls.objection(held);
    if (objection.isPresent()) {
      calls.forget(held);
      return refuse(held, AccessMetrics.Failure.REFUSED, objection.get());
    }
    calls.makeRoom(held.site());
    try {
      return held.listening(
          Contexts.interceptCall(
              Context.current().withValues(Caller.SITE, held.site(), Caller.LEAF, held.leaf()),
              held,
              headers,
              next));
    } catch (RuntimeException bug) {
      calls.forget(held); // gRPC ends it without telling a listener that it never got
      throw bug;
    }
  }

  private <Q, A> ServerCall.Listener<Q> refuse(
      ServerCall<Q, A> call, AccessMetrics.Failure failure, Status status) {
    metrics.authFailed(AccessMetrics.Mechanism.MTLS, failure);
    call.close(status, new Metadata());
    return new ServerCall.Listener<>() {};
  }

  private static Optional<X509Certificate> leaf(
      @org.jspecify.annotations.Nullable SSLSession session) {
    if (session == null) {
      return Optional.empty();
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      return chain.length > 0 && chain[0] instanceof X509Certificate leaf
          ? Optional.of(leaf)
          : Optional.empty();
    } catch (SSLPeerUnverifiedException anonymous) {
      return Optional.empty();
    }
  }

  private static Optional<SiteId> site(X509Certificate leaf) {
    try {
      SpiffeId id = SpiffeId.of(leaf);
      return id.kind() == SpiffeId.Kind.SITE_NODE
          ? id.siteName().map(SiteId::new)
          : Optional.empty();
    } catch (CertificateException | IllegalArgumentException nameless) {
      return Optional.empty();
    }
  }
}
