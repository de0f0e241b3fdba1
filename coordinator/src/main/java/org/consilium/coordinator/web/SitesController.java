package org.consilium.coordinator.web;

import io.micronaut.http.HttpResponse;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.PathVariable;
import io.micronaut.http.annotation.Post;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.JoinToken;
import org.jspecify.annotations.Nullable;

/** Sites of the consortium: invite, approve, deny, revoke. */
@Controller("/api/v1")
@ExecuteOn(TaskExecutors.BLOCKING)
final class SitesController {
  private static final Pattern TTL = Pattern.compile("(\\d{1,6})([smh])");
  private static final String TTL_DEFAULT = "72h";

  private final WebServer.Parts parts;

  SitesController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /** Every site that was ever invited, sorted. */
  @Get("/sites")
  List<SiteJson> sites() {
    return parts.consortium().list().stream().map(SiteJson::of).toList();
  }

  /** A one-time token for a site; give it to the hospital by another channel. */
  @Post("/invitations")
  HttpResponse<SiteJson.Token> invite(@Body SiteJson.Invitation invitation)
      throws MembershipRefused, IOException {
    JoinToken token =
        parts
            .consortium()
            .invite(
                new SiteId(given(invitation.site(), "site")),
                ttl(invitation.ttl()),
                parts.address());
    parts.metering().access().invitation(AccessMetrics.InvitationOutcome.ISSUED);
    return HttpResponse.created(SiteJson.Token.of(token));
  }

  /** Approves a waiting request after the fingerprint was compared. */
  @Post("/sites/{id}:approve")
  SiteJson approve(@PathVariable String id, @Body SiteJson.Approval approval)
      throws MembershipRefused, IOException {
    String fingerprint = given(approval.fingerprint(), "fingerprint");
    return SiteJson.of(parts.consortium().approve(new SiteId(id), fingerprint));
  }

  /** Refuses a waiting request. */
  @Post("/sites/{id}:deny")
  SiteJson deny(@PathVariable String id, @Body SiteJson.Reason reason)
      throws MembershipRefused, IOException {
    return SiteJson.of(parts.consortium().deny(new SiteId(id), text(reason)));
  }

  /** Shuts an active site out at once. */
  @Post("/sites/{id}:revoke")
  SiteJson revoke(@PathVariable String id, @Body SiteJson.Reason reason)
      throws MembershipRefused, IOException {
    return SiteJson.of(parts.consortium().revoke(new SiteId(id), text(reason)));
  }

  static String text(SiteJson.Reason reason) {
    return reason.reason() == null ? "" : reason.reason();
  }

  private static String given(@Nullable String value, String name) {
    if (value == null) {
      throw new IllegalArgumentException("the body has no " + name);
    }
    return value;
  }

  private static Duration ttl(@Nullable String text) {
    Matcher matcher = TTL.matcher(text == null ? TTL_DEFAULT : text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("ttl must be a length of time such as 30m or 72h");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }
}
