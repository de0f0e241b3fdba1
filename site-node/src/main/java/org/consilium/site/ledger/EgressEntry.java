package org.consilium.site.ledger;

import org.consilium.protocol.Digest;

/**
 * One message that is about to leave.
 *
 * @param kind what it is
 * @param study name of the study, empty when there is none
 * @param round round number, 0 when there is none
 * @param bytes length
 * @param sha256 digest of what leaves; of the manifest, which names every chunk, for an update
 * @param readers who can read it
 * @param norm L2 norm of an update, else 0
 */
public record EgressEntry(
    Kind kind, String study, int round, long bytes, Digest sha256, String readers, double norm) {

  /** The kinds of message that a site ever sends; a kind that is not here cannot leave. */
  public enum Kind {
    ENROL_REQUEST("enrol-request"),
    /** A request for a successor of the node's certificate: a public key and the node's name. */
    RENEWAL("renewal"),
    DECISION("decision"),
    MANIFEST("manifest"),
    UPDATE("update"),
    REPORT("report"),
    /** Written once a session: how many pings and progress notes it sent, which hold no data. */
    HEARTBEATS("heartbeats");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    /** The word in the file and in metrics. */
    public String word() {
      return word;
    }
  }
}
