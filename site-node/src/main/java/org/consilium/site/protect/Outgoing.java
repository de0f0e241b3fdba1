package org.consilium.site.protect;

import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.site.ledger.EgressEntry;

/**
 * A message at the exit, as the bytes that are to leave.
 *
 * @param kind what it claims to be
 * @param study whose it is
 * @param round round number, 0 when there is none
 * @param consent whether the study must be approved for it to leave
 * @param bytes the whole message; read, not kept
 * @param digest what the ledger says of it: of the bytes, or of the part that may be known
 * @param readers who can read it
 * @param norm L2 norm of an update, else 0
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record Outgoing(
    EgressEntry.Kind kind,
    Optional<StudyId> study,
    int round,
    boolean consent,
    byte[] bytes,
    Digest digest,
    String readers,
    double norm) {

  /** A message to the coordinator about no study. */
  public static Outgoing plain(EgressEntry.Kind kind, byte[] bytes) {
    return new Outgoing(
        kind, Optional.empty(), 0, false, bytes, Digest.sha256(bytes), "coordinator", 0);
  }

  /** A message to the coordinator about a study. */
  public static Outgoing of(
      EgressEntry.Kind kind, StudyId study, int round, boolean consent, byte[] bytes) {
    return new Outgoing(
        kind, Optional.of(study), round, consent, bytes, Digest.sha256(bytes), "coordinator", 0);
  }

  EgressEntry entry() {
    return new EgressEntry(
        kind, study.map(StudyId::value).orElse(""), round, bytes.length, digest, readers, norm);
  }

  @Override
  public String toString() {
    return "%s of %d bytes".formatted(kind.word(), bytes.length);
  }
}
