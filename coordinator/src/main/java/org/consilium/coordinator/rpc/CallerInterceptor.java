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
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.SpiffeId;

/**
 * Turns the peer's certificate into the calling site, before any service sees the call. TLS has
 * proved the certificate; whether its site is a member now is asked for every call.
 */
final class CallerInterceptor implements ServerInterceptor {
  private final Consortium consortium;
  private final AccessMetrics metrics;

  CallerInterceptor(Consortium consortium, AccessMetrics metrics) {
    this.consortium = consortium;
    this.metrics = metrics;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Optional<X509Certificate> leaf =
        leaf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
    Optional<SiteId> site = leaf.flatMap(CallerInterceptor::site);
    if (leaf.isEmpty() || site.isEmpty()) {
      return refuse(call, Status.UNAUTHENTICATED.withDescription("a site certificate is required"));
    }
    if (!consortium.admits(site.get(), leaf.get())) {
      return refuse(
          call,
          Status.PERMISSION_DENIED.withDescription(
              "site %s is not an approved member with this certificate"
                  .formatted(Limits.printable(site.get().value()))));
    }
    return Contexts.interceptCall(
        Context.current().withValue(Caller.SITE, site.get()), call, headers, next);
  }

  private <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, Status status) {
    metrics.authFailed(
        AccessMetrics.Mechanism.MTLS,
        status.getCode() == Status.Code.UNAUTHENTICATED
            ? AccessMetrics.Failure.MISSING
            : AccessMetrics.Failure.REFUSED);
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
