package org.consilium.coordinator.web;

import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.PathVariable;
import io.micronaut.http.annotation.Post;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.protocol.SiteId;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.RosterRefused;
import org.jspecify.annotations.Nullable;

/**
 * Sites of the consortium, its roster, and what persons sign about them. What gives rights comes
 * signed and is judged by the issuing authority; what takes them away needs the token alone.
 */
@Controller("/api/v1")
@ExecuteOn(TaskExecutors.BLOCKING)
final class SitesController {
  private final WebServer.Parts parts;

  SitesController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /** Every site that was ever invited, sorted. */
  @Get("/sites")
  List<SiteJson> sites() {
    return parts.consortium().list().stream().map(SiteJson::of).toList();
  }

  /** The keys that wait for approval; the signer compares the first with the hospital's screen. */
  @Get("/sites/{id}/request")
  RosterJson.Request request(@PathVariable String id) throws MembershipRefused {
    SiteId site = new SiteId(id);
    KeyRequests waiting =
        parts
            .consortium()
            .waiting(site)
            .orElseThrow(
                () ->
                    new MembershipRefused(
                        MembershipRefused.Why.NOT_FOUND, "no request of %s waits".formatted(site)));
    return RosterJson.Request.of(site, waiting);
  }

  /** Who belongs to the consortium, and where it is. */
  @Get("/roster")
  RosterJson roster() throws IOException {
    return RosterJson.of(parts.consortium().roster(), parts.consortium().root(), parts.address());
  }

  /** Motions that wait for signatures. */
  @Get("/motions")
  List<RosterJson.MotionJson> motions() throws IOException {
    return parts.consortium().motions().stream().map(RosterJson.MotionJson::of).toList();
  }

  /** One person's signature on a motion: a proposal, an invitation or an approval. */
  @Post("/motions")
  RosterJson.MotionJson submit(@Body RosterJson.Signed signed)
      throws MembershipRefused, IOException {
    Motion motion;
    try {
      motion = Motion.decode(bytes(signed.motion(), "motion"));
    } catch (RosterRefused malformed) {
      throw new IllegalArgumentException(malformed.getMessage(), malformed);
    }
    MotionStanding standing =
        parts
            .consortium()
            .submit(
                new Ballot(
                    motion,
                    given(signed.person(), "person"),
                    bytes(signed.signature(), "signature")));
    if (standing.carried() && motion.act() == Act.INVITE_SITE) {
      parts.metering().access().invitation(AccessMetrics.InvitationOutcome.ISSUED);
    }
    return RosterJson.MotionJson.of(standing);
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

  private static byte[] bytes(@Nullable String base64, String name) {
    return Base64.getDecoder().decode(given(base64, name));
  }

  /** A field that a request cannot do without. */
  static String given(@Nullable String value, String name) {
    if (value == null) {
      throw new IllegalArgumentException("the body has no " + name);
    }
    return value;
  }
}
