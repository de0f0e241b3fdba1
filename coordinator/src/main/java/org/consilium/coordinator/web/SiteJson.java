package org.consilium.coordinator.web;

import io.micronaut.serde.annotation.Serdeable;
import java.time.Instant;
import java.util.List;
import org.consilium.coordinator.consortium.Member;
import org.consilium.security.identity.Fingerprint;
import org.jspecify.annotations.Nullable;

/**
 * A site's membership.
 *
 * @param state INVITED, PENDING, ACTIVE, DENIED or REVOKED
 * @param fingerprint of the site's TLS key, 64 hexadecimal digits
 * @param words the same as six words
 * @param invitationEnds only while INVITED
 */
@Serdeable
record SiteJson(
    String site,
    String state,
    Instant since,
    @Nullable String fingerprint,
    List<String> words,
    String softwareVersion,
    String reason,
    @Nullable Instant invitationEnds) {
  SiteJson {
    words = List.copyOf(words);
  }

  static SiteJson of(Member member) {
    return new SiteJson(
        member.site().value(),
        member.state().name(),
        member.since(),
        member.key().map(Fingerprint::hex).orElse(null),
        member.key().map(Fingerprint::words).orElse(List.of()),
        member.softwareVersion(),
        member.reason(),
        member.expiry().orElse(null));
  }

  /** Why something is done to a site or a study. */
  @Serdeable
  record Reason(@Serdeable.Deserializable(using = StrictText.class) @Nullable String reason) {}
}
