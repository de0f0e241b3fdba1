package org.consilium.security.roster;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.RosterRefused.Why;

/**
 * The consortium's sites and persons at one version. Illegal ones cannot exist: two persons never
 * share a name, a contact or a key, and two consortium administrators are always left.
 *
 * @param version from 1
 * @param previous digest of the version before; all zero for the first
 * @param sites ascending
 * @param persons ascending by name
 */
public record Roster(
    String trustDomain,
    long version,
    Fingerprint previous,
    List<String> sites,
    List<Person> persons) {
  private static final String MAGIC = "consilium-roster-1";
  private static final int SITES_MAX = 1024;
  private static final int PERSONS_MAX = 256;
  private static final int ADMINS_MIN = 2;
  private static final Pattern SITE = Pattern.compile("[a-z0-9][a-z0-9-]{2,39}");

  /** Sorts; refuses what the two-person rule could not work with. */
  public Roster {
    sites = List.copyOf(new TreeSet<>(sites));
    persons = persons.stream().sorted((a, b) -> a.name().compareTo(b.name())).toList();
    if (version < 1 || sites.size() > SITES_MAX || persons.size() > PERSONS_MAX) {
      throw new IllegalArgumentException(
          "roster %d with %d sites and %d persons"
              .formatted(version, sites.size(), persons.size()));
    }
    for (String site : sites) {
      if (!SITE.matcher(site).matches()) {
        throw new IllegalArgumentException("roster: a site must be 3-40 of [a-z0-9-]");
      }
    }
    Set<Object> seen = new HashSet<>();
    for (Person person : persons) {
      if (!seen.add(person.name()) || !seen.add(person.key()) || !seen.add(person.contact())) {
        throw new IllegalArgumentException(
            "roster: %s shares a name, a contact or a key with another person; one person has one"
                    .formatted(person.name())
                + " account and one key");
      }
    }
    long admins =
        persons.stream()
            .filter(p -> p.roles().contains(new Role(Role.Kind.CONSORTIUM_ADMIN, "")))
            .count();
    if (admins < ADMINS_MIN) {
      throw new IllegalArgumentException(
          "roster: %d consortium administrators, at least %d".formatted(admins, ADMINS_MIN));
    }
  }

  /** The first version; it has no sites yet. */
  public static Roster first(String trustDomain, List<Person> persons) {
    return new Roster(
        trustDomain, 1, new Fingerprint(new byte[Fingerprint.BYTES]), List.of(), persons);
  }

  /** The canonical bytes. */
  public byte[] encoded() {
    Fields.Writer out =
        new Fields.Writer()
            .text(MAGIC)
            .text(trustDomain)
            .number(version)
            .bytes(previous.bytes())
            .number(sites.size());
    sites.forEach(out::text);
    out.number(persons.size());
    persons.forEach(p -> out.text(p.line()));
    return out.toBytes();
  }

  /** Reads what {@link #encoded} wrote. */
  public static Roster decode(byte[] bytes) throws RosterRefused {
    try {
      Fields.Reader in = new Fields.Reader(bytes);
      if (!in.text().equals(MAGIC)) {
        throw new IllegalArgumentException("it is not a roster");
      }
      String trustDomain = in.text();
      long version = in.number();
      Fingerprint previous = new Fingerprint(in.bytes());
      List<String> sites = new ArrayList<>();
      for (int left = in.count(SITES_MAX); left > 0; left--) {
        sites.add(in.text());
      }
      List<Person> persons = new ArrayList<>();
      for (int left = in.count(PERSONS_MAX); left > 0; left--) {
        persons.add(Person.parse(in.text()));
      }
      in.end();
      return new Roster(trustDomain, version, previous, sites, persons);
    } catch (IllegalArgumentException illegal) {
      throw new RosterRefused(Why.MALFORMED, "read a roster: " + illegal.getMessage());
    }
  }

  /** SHA-256 of the canonical bytes. */
  public Fingerprint digest() {
    return Fingerprint.sha256(encoded());
  }

  /** The person with this name. */
  public Optional<Person> person(String name) {
    return persons.stream().filter(p -> p.name().equals(name)).findFirst();
  }

  /** Whether the site is on it. */
  public boolean has(String site) {
    return sites.contains(site);
  }

  /** The next version, if the motion's act makes one; else this one. */
  Roster after(Motion motion) throws RosterRefused {
    List<String> nextSites = new ArrayList<>(sites);
    List<Person> nextPersons = new ArrayList<>(persons);
    String subject = motion.subject();
    switch (motion.act()) {
      case ADD_SITE -> {
        check(!has(subject), "site %s is on the roster already", subject);
        nextSites.add(subject);
      }
      case REMOVE_SITE -> {
        check(nextSites.remove(subject), "site %s is not on the roster", subject);
      }
      case READMIT_SITE -> check(has(subject), "site %s is not on the roster", subject);
      case ADD_PERSON -> {
        check(person(subject).isEmpty(), "%s is on the roster already", subject);
        nextPersons.add(described(motion));
      }
      case REMOVE_PERSON -> {
        check(nextPersons.removeIf(p -> p.name().equals(subject)), "nobody is called %s", subject);
      }
      case FOUND -> throw new RosterRefused(Why.CONFLICT, "the consortium was founded before");
      case ROTATE_AUTHORITY,
          LOWER_PARTICIPANTS,
          LOWER_NOISE,
          EXPORT_MODEL,
          INVITE_SITE,
          ADMIT_KEYS,
          REVOKE_SITE -> {
        return this;
      }
    }
    try {
      return new Roster(trustDomain, version + 1, digest(), nextSites, nextPersons);
    } catch (IllegalArgumentException illegal) {
      throw new RosterRefused(Why.CONFLICT, "%s: %s".formatted(motion, illegal.getMessage()));
    }
  }

  private static Person described(Motion motion) throws RosterRefused {
    try {
      Person person =
          Person.parse(new String(motion.detail(), java.nio.charset.StandardCharsets.US_ASCII));
      if (person.name().equals(motion.subject())) {
        return person;
      }
      throw new RosterRefused(
          Why.MALFORMED, "%s: the line describes %s".formatted(motion, person.name()));
    } catch (IllegalArgumentException illegal) {
      throw new RosterRefused(Why.MALFORMED, "%s: %s".formatted(motion, illegal.getMessage()));
    }
  }

  private static void check(boolean legal, String message, String subject) throws RosterRefused {
    if (!legal) {
      throw new RosterRefused(Why.CONFLICT, message.formatted(subject));
    }
  }
}
