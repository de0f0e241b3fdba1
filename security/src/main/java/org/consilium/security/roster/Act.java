package org.consilium.security.roster;

import java.util.Set;
import org.consilium.security.roster.Role.Kind;

/** What persons decide by signing: how many of them it takes, and in which roles. */
public enum Act {
  /** The first roster; all its persons sign. */
  FOUND(2),
  ADD_SITE(2),
  REMOVE_SITE(2),
  /** A revoked site may be invited again: it leaves the deny list. */
  READMIT_SITE(2),
  ADD_PERSON(2),
  REMOVE_PERSON(2),
  /** Another issuing certificate takes over. */
  ROTATE_AUTHORITY(2),
  /** A study may run with fewer participants. */
  LOWER_PARTICIPANTS(2),
  /** A study may run with less privacy noise. */
  LOWER_NOISE(2),
  /** A model may leave the consortium. */
  EXPORT_MODEL(2),
  /** A one-time token for a site of the roster. */
  INVITE_SITE(1),
  /** The keys of a waiting request are the site's own; fingerprints were compared. */
  ADMIT_KEYS(1),
  /** A site is shut out. */
  REVOKE_SITE(1);

  private final int persons;

  Act(int persons) {
    this.persons = persons;
  }

  /** How many different persons have to sign. */
  public int persons() {
    return persons;
  }

  private Set<Kind> roles() {
    return switch (this) {
      case LOWER_PARTICIPANTS, LOWER_NOISE, EXPORT_MODEL ->
          Set.of(Kind.CONSORTIUM_ADMIN, Kind.DATA_SCIENTIST);
      case REVOKE_SITE -> Set.of(Kind.CONSORTIUM_ADMIN, Kind.COORDINATOR_ADMIN, Kind.SITE_ADMIN);
      case FOUND,
          ADD_SITE,
          REMOVE_SITE,
          READMIT_SITE,
          ADD_PERSON,
          REMOVE_PERSON,
          ROTATE_AUTHORITY,
          INVITE_SITE,
          ADMIT_KEYS ->
          Set.of(Kind.CONSORTIUM_ADMIN);
    };
  }

  /** Whether a person with this role may sign about {@code subject}. */
  boolean allows(Role role, String subject) {
    return roles().contains(role.kind()) && (role.site().isEmpty() || role.site().equals(subject));
  }

  /** Whether the act makes a new version of the roster. */
  boolean changesRoster() {
    return switch (this) {
      case FOUND, ADD_SITE, REMOVE_SITE, READMIT_SITE, ADD_PERSON, REMOVE_PERSON -> true;
      case ROTATE_AUTHORITY,
          LOWER_PARTICIPANTS,
          LOWER_NOISE,
          EXPORT_MODEL,
          INVITE_SITE,
          ADMIT_KEYS,
          REVOKE_SITE ->
          false;
    };
  }
}
