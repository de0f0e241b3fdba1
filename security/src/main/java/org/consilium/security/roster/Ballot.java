package org.consilium.security.roster;

import java.util.Arrays;

/**
 * One person's signature on a motion, before anybody has checked it.
 *
 * @param person name of the signer
 * @param signature 64 bytes; copied in and out
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record Ballot(Motion motion, String person, byte[] signature) {
  /** Copies the signature. */
  public Ballot {
    Person.checkName(person);
    signature = signature.clone();
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Ballot that
        && motion.equals(that.motion)
        && person.equals(that.person)
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
