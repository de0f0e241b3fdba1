package org.consilium.security.roster;

import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.consilium.security.sign.VerifyingKey;

/**
 * A human being on the roster, with the one key that speaks for them. One line of text: name,
 * contact, base64 key, roles.
 *
 * @param name 2-40 of a-z, 0-9, hyphen, dot
 * @param contact an address that only this person has; kept in lower case, so that one person with
 *     two accounts shows
 */
public record Person(String name, String contact, VerifyingKey key, List<Role> roles) {
  private static final int ROLES_MAX = 32;
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9.-]{1,39}");
  private static final Pattern CONTACT = Pattern.compile("[\\x21-\\x7e]{3,120}");

  /** Refuses illegal names and too many roles. */
  public Person {
    contact = contact.toLowerCase(Locale.ROOT);
    roles = List.copyOf(roles);
    checkName(name);
    if (!CONTACT.matcher(contact).matches()) {
      throw new IllegalArgumentException(
          "contact of %s must be 3-120 printable characters without spaces".formatted(name));
    }
    if (roles.isEmpty() || roles.size() > ROLES_MAX) {
      throw new IllegalArgumentException(
          "%s has %d roles, 1 to %d are allowed".formatted(name, roles.size(), ROLES_MAX));
    }
  }

  static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a person's name must be 2-40 of a-z, 0-9, hyphen and dot");
    }
  }

  /** Reads the one-line form. */
  public static Person parse(String line) {
    List<String> parts = List.of(line.strip().split(" ", ROLES_MAX + 4));
    if (parts.size() < 4) {
      throw new IllegalArgumentException(
          "a person is: name contact key role..., got %d words".formatted(parts.size()));
    }
    return new Person(
        parts.get(0),
        parts.get(1),
        VerifyingKey.of(Base64.getDecoder().decode(parts.get(2))),
        parts.stream().skip(3).map(Role::parse).toList());
  }

  /** The one-line form. */
  public String line() {
    return String.join(
        " ",
        Stream.concat(
                Stream.of(name, contact, Base64.getEncoder().encodeToString(key.raw())),
                roles.stream().map(Role::toString))
            .toList());
  }

  boolean may(Act act, String subject) {
    return roles.stream().anyMatch(role -> act.allows(role, subject));
  }
}
