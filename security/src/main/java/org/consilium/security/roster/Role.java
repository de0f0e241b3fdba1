package org.consilium.security.roster;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a person, or a site's node, may do; written as {@code consortium-admin} or {@code
 * site-admin(north)}.
 *
 * @param site the one site that the role is for; empty for a role over the whole consortium
 */
public record Role(Kind kind, String site) {
  private static final Pattern TEXT =
      Pattern.compile("([a-z-]{3,40})(?:\\(([a-z0-9][a-z0-9-]{2,39})\\))?");

  /** The six roles. */
  public enum Kind {
    CONSORTIUM_ADMIN,
    COORDINATOR_ADMIN,
    DATA_SCIENTIST,
    SITE_ADMIN,
    SITE_NODE,
    /** Reads hashes and logs, never weights. */
    AUDITOR;

    boolean ofASite() {
      return this == SITE_ADMIN || this == SITE_NODE;
    }
  }

  /** Refuses a site role without a site, and a site on any other role. */
  public Role {
    if (kind.ofASite() == site.isEmpty()) {
      throw new IllegalArgumentException(
          "role %s %s a site".formatted(kind, kind.ofASite() ? "needs" : "is not for"));
    }
  }

  /** Reads what {@link #toString} writes. */
  public static Role parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException("not a role: it must be as site-admin(north)");
    }
    String site = parts.group(2);
    for (Kind kind : Kind.values()) {
      if (word(kind).equals(parts.group(1))) {
        return new Role(kind, site == null ? "" : site);
      }
    }
    throw new IllegalArgumentException("no such role: " + parts.group(1));
  }

  @Override
  public String toString() {
    return site.isEmpty() ? word(kind) : word(kind) + "(" + site + ")";
  }

  private static String word(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
