package org.consilium.coordinator.web;

import io.micronaut.serde.annotation.Serdeable;
import java.time.Instant;
import java.util.List;
import org.consilium.coordinator.consortium.Member;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
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

  /** A request for a token; {@code ttl} as in 72h. A caller may send anything, also nothing. */
  @Serdeable
  record Invitation(
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String site,
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String ttl) {}

  /** A token, given out once and never shown again. */
  @Serdeable
  record Token(String site, String token, Instant expiry, String root) {
    static Token of(JoinToken token) {
      return new Token(token.site(), token.text(), token.expiry(), token.rootFingerprint().hex());
    }
  }

  /** What the site's screen shows: six words or 64 hexadecimal digits. */
  @Serdeable
  record Approval(
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String fingerprint) {}

  /** Why something is done to a site or a study. */
  @Serdeable
  record Reason(@Serdeable.Deserializable(using = StrictText.class) @Nullable String reason) {}
}
