package org.consilium.coordinator.web;

import io.micronaut.core.order.Ordered;
import io.micronaut.http.HttpRequest;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MutableHttpResponse;
import io.micronaut.http.annotation.RequestFilter;
import io.micronaut.http.annotation.ResponseFilter;
import io.micronaut.http.annotation.ServerFilter;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.permit.AllowList;
import org.consilium.coordinator.permit.Audience;
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
    Optional<AllowList.Route> route = AllowList.route(request.getMethodName(), request.getPath());
    if (route.filter(r -> r.audiences().contains(Audience.ANYONE)).isPresent()) {
      return null;
    }
    boolean read =
        route
            .map(r -> r.audiences().contains(Audience.LOCAL_READER))
            .orElse(request.getMethodName().equals("GET"));
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
      case GRANTED -> route.isPresent() ? null : absent(request);
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

  /** What is not in the table is denied; to whoever may ask, it does not exist. */
  private static HttpResponse<?> absent(HttpRequest<?> request) {
    boolean known =
        List.of("GET", "POST").stream()
            .anyMatch(verb -> AllowList.route(verb, request.getPath()).isPresent());
    HttpStatus status = known ? HttpStatus.METHOD_NOT_ALLOWED : HttpStatus.NOT_FOUND;
    String detail = known ? "the verb is not for this address" : "there is nothing at this address";
    return Problem.of(status, "CS-HTTP-" + status.getCode(), detail, "").response();
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
