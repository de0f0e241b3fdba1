package org.consilium.coordinator.web;

import io.micronaut.core.order.Ordered;
import io.micronaut.http.HttpMethod;
import io.micronaut.http.HttpRequest;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MutableHttpResponse;
import io.micronaut.http.annotation.RequestFilter;
import io.micronaut.http.annotation.ResponseFilter;
import io.micronaut.http.annotation.ServerFilter;
import java.util.Optional;
import org.consilium.coordinator.ops.AccessMetrics;
import org.jspecify.annotations.Nullable;

/** Asks for the token where it is needed, and puts the security headers on every answer. */
@ServerFilter("/**")
final class AccessFilter implements Ordered {
  private static final String POLICY =
      "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
          + " form-action 'none'; frame-ancestors 'none'";

  private final WebServer.Parts parts;

  AccessFilter(WebServer.Parts parts) {
    this.parts = parts;
  }

  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE;
  }

  @RequestFilter
  @Nullable HttpResponse<?> admit(HttpRequest<?> request) {
    if (request.getPath().startsWith("/health/")) {
      return null;
    }
    boolean read = request.getMethod() == HttpMethod.GET || request.getMethod() == HttpMethod.HEAD;
    var address = request.getRemoteAddress().getAddress();
    Access.Decision decision =
        parts
            .access()
            .decide(
                read,
                address != null && address.isLoopbackAddress(),
                host(request),
                request.getHeaders().getAuthorization());
    return switch (decision) {
      case GRANTED -> null;
      case TOKEN_MISSING ->
          refuse(AccessMetrics.Failure.MISSING, "no administrator token was sent");
      case TOKEN_WRONG -> refuse(AccessMetrics.Failure.REFUSED, "the administrator token is wrong");
    };
  }

  @ResponseFilter
  void headers(HttpRequest<?> request, MutableHttpResponse<?> response) {
    response.header("Content-Security-Policy", POLICY);
    response.header("X-Content-Type-Options", "nosniff");
    response.header("Referrer-Policy", "no-referrer");
    if (!request.getPath().startsWith("/assets/")) {
      response.header("Cache-Control", "no-store");
    }
  }

  private HttpResponse<?> refuse(AccessMetrics.Failure why, String detail) {
    parts.metering().access().authFailed(AccessMetrics.Mechanism.TOKEN, why);
    return Problem.of(
            HttpStatus.UNAUTHORIZED,
            "CS-AUTH-001",
            detail,
            "send the content of admin.token as a bearer token: --state DIR or --admin-token-file"
                + " FILE")
        .response()
        .header("WWW-Authenticate", "Bearer realm=\"consilium\"");
  }

  private static Optional<String> host(HttpRequest<?> request) {
    return Optional.ofNullable(request.getHeaders().get("Host"))
        .map(h -> h.replaceFirst(":\\d+$", ""));
  }
}
