package org.consilium.security.roster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.RosterRefused.Why;

/**
 * A motion with the signatures that were checked under one roster. The rule is here alone:
 * different persons, different keys, each with a role for the act.
 *
 * @param signatures by name, in the order they came
 */
public record Decision(Motion motion, List<Ballot> signatures) {
  private static final String MAGIC = "consilium-decision-1";
  private static final int SIGNATURES_MAX = 256;

  /** Refuses signatures on something else. */
  public Decision {
    signatures = List.copyOf(signatures);
    if (signatures.size() > SIGNATURES_MAX
        || signatures.stream().anyMatch(b -> !b.motion().equals(motion))) {
      throw new IllegalArgumentException("decision: a signature is on another motion");
    }
  }

  /** A motion that nobody has signed. */
  public static Decision open(Motion motion) {
    return new Decision(motion, List.of());
  }

  /**
   * The same with one more signature.
   *
   * @throws RosterRefused if the signer may not, signed before, or the signature is not theirs
   */
  public Decision with(Ballot ballot, Roster roster) throws RosterRefused {
    Person person =
        roster
            .person(ballot.person())
            .orElseThrow(
                () ->
                    new RosterRefused(
                        Why.NOT_ALLOWED,
                        "sign %s: nobody on roster %d is called %s"
                            .formatted(motion, roster.version(), ballot.person())));
    if (!person.may(motion.act(), motion.subject())) {
      throw new RosterRefused(
          Why.NOT_ALLOWED, "sign %s: %s has no role for it".formatted(motion, person.name()));
    }
    if (!person.key().verify(Motion.LABEL, motion.encoded(), ballot.signature())) {
      throw new RosterRefused(
          Why.BAD_SIGNATURE,
          "sign %s: the signature is not by the key of %s on roster %d"
              .formatted(motion, person.name(), roster.version()));
    }
    for (Ballot earlier : signatures) {
      if (earlier.person().equals(person.name())) {
        throw new RosterRefused(
            Why.SAME_PERSON,
            "sign %s: %s signed it before; it takes %d different persons"
                .formatted(motion, person.name(), motion.act().persons()));
      }
    }
    if (signatures.isEmpty() && !person.name().equals(motion.proposer())) {
      throw new RosterRefused(
          Why.NOT_ALLOWED, "sign %s: the proposer signs first".formatted(motion));
    }
    List<Ballot> more = new ArrayList<>(signatures);
    more.add(ballot);
    return new Decision(motion, more);
  }

  /** Whether enough different persons have signed. */
  public boolean carried() {
    return signatures.size() >= motion.act().persons();
  }

  /**
   * What the roster is after it, every signature checked again.
   *
   * @param before empty for the founding
   */
  public Roster carry(Optional<Roster> before) throws RosterRefused {
    if (before.isEmpty()) {
      return founded();
    }
    Decision checked = open(motion);
    for (Ballot ballot : signatures) {
      checked = checked.with(ballot, before.get());
    }
    if (!checked.carried()) {
      throw new RosterRefused(
          Why.NOT_ALLOWED,
          "%s: %d of %d signatures".formatted(motion, signatures.size(), motion.act().persons()));
    }
    return before.get().after(motion);
  }

  private Roster founded() throws RosterRefused {
    Roster first = Roster.decode(motion.detail());
    if (motion.act() != Act.FOUND || first.version() != 1) {
      throw new RosterRefused(Why.FORK, "the first roster is made by a founding");
    }
    Map<String, Ballot> byName = new HashMap<>();
    signatures.forEach(b -> byName.put(b.person(), b));
    for (Person person : first.persons()) {
      Ballot ballot = byName.get(person.name());
      if (ballot == null
          || !person.key().verify(Motion.LABEL, motion.encoded(), ballot.signature())) {
        throw new RosterRefused(
            Why.BAD_SIGNATURE, "found the roster: %s did not sign".formatted(person.name()));
      }
    }
    return first;
  }

  /** Founds a roster: all its persons sign. */
  public static Decision found(Roster first, List<PersonKey> persons, Motion.Terms terms) {
    Motion motion =
        Motion.propose(
            first.trustDomain(),
            Act.FOUND,
            first.trustDomain(),
            first.encoded(),
            persons.getFirst(),
            terms);
    return new Decision(motion, persons.stream().map(p -> p.sign(motion)).toList());
  }

  /** The canonical bytes. */
  public byte[] encoded() {
    Fields.Writer out =
        new Fields.Writer().text(MAGIC).bytes(motion.encoded()).number(signatures.size());
    for (Ballot ballot : signatures) {
      out.text(ballot.person()).bytes(ballot.signature());
    }
    return out.toBytes();
  }

  /** Reads what {@link #encoded} wrote; nothing is verified. */
  public static Decision decode(byte[] bytes) throws RosterRefused {
    try {
      Fields.Reader in = new Fields.Reader(bytes);
      if (!in.text().equals(MAGIC)) {
        throw new IllegalArgumentException("it is not a decision");
      }
      Motion motion = Motion.decode(in.bytes());
      List<Ballot> signatures = new ArrayList<>();
      for (int left = in.count(SIGNATURES_MAX); left > 0; left--) {
        signatures.add(new Ballot(motion, in.text(), in.bytes()));
      }
      in.end();
      return new Decision(motion, signatures);
    } catch (IllegalArgumentException illegal) {
      throw new RosterRefused(Why.MALFORMED, "read a decision: " + illegal.getMessage());
    }
  }

  /** SHA-256 of the motion. */
  public Fingerprint id() {
    return motion.id();
  }
}
