package org.consilium.coordinator.rpc;

import java.time.Duration;
import org.consilium.protocol.Limits;

/**
 * How much a peer may take of a gRPC door, and how long it may make the door wait.
 *
 * @param counts of connections and calls
 * @param handshake from the first byte until TLS stands and HTTP/2 settings have come
 * @param idle without an open call
 * @param age of a connection, after which its calls end within a grace and the site comes again
 * @param leases of transfers: a slow one that moves is never ended
 */
public record DoorLimits(
    Counts counts, Duration handshake, Duration idle, Duration age, Leases leases) {
  /**
   * All 128 sites of a round may sit behind one proxy, each with a connection and its successor.
   */
  private static final int CONNECTIONS_AN_ADDRESS = 256;

  /**
   * 1,024 sites, each with a connection, its successor, and two that cuts left behind until a ping
   * goes unanswered.
   */
  private static final int CONNECTIONS_OF_SITES = 4096;

  /** A newcomer is there for a minute; half of 1,024 sites may enrol in the same one. */
  private static final int CONNECTIONS_OF_NEWCOMERS = 512;

  /**
   * A node has at most eight: its session and the session's successor, a download or a chunk of an
   * upload, a message of masking, a report, the roster, the revocation list, a renewal. As many
   * again may be left behind by a cut until a ping goes unanswered: 16 go on, the oldest end
   * beyond. As many more may have ended without the site's taking the end. Each holds one message
   * of 2 MiB at most, so a site holds 64 MiB.
   */
  private static final int CALLS_A_SITE = 32;

  public DoorLimits {
    for (Duration wait :
        new Duration[] {handshake, idle, age, leases.receiving(), leases.sending()}) {
      if (!wait.isPositive()) {
        throw new IllegalArgumentException("a limit of time must be positive, got " + wait);
      }
    }
  }

  /**
   * How many may be open at a time.
   *
   * @param connectionsAnAddress from one address, of IPv6 from one network of 64 bits, at one port;
   *     counted before TLS
   * @param connectionsOfSites at the sites' port in all
   * @param connectionsOfNewcomers at the enrolment port in all
   * @param callsASite of one site over all of its connections, until the site has taken their end;
   *     at most half of them go on
   */
  public record Counts(
      int connectionsAnAddress,
      int connectionsOfSites,
      int connectionsOfNewcomers,
      int callsASite) {
    public Counts {
      for (int count :
          new int[] {connectionsAnAddress, connectionsOfSites, connectionsOfNewcomers}) {
        if (count < 1) {
          throw new IllegalArgumentException(
              "connections of an address or a port must be at least 1, got " + count);
        }
      }
      if (callsASite < 2) {
        throw new IllegalArgumentException("calls of a site must be at least 2, got " + callsASite);
      }
    }

    /** What a coordinator runs with. */
    public static Counts standard() {
      return new Counts(
          CONNECTIONS_AN_ADDRESS, CONNECTIONS_OF_SITES, CONNECTIONS_OF_NEWCOMERS, CALLS_A_SITE);
    }
  }

  /**
   * How long a transfer may stand still.
   *
   * @param receiving of an upload, and of any message that has begun: until {@link
   *     Limits#LEASE_BYTES} or a whole message have come
   * @param sending of a download: until the site took a chunk
   */
  public record Leases(Duration receiving, Duration sending) {
    /** What both ends reckon with. */
    public static Leases standard() {
      return new Leases(Limits.RECEIVING_LEASE, Limits.SENDING_LEASE);
    }
  }

  /** What a coordinator runs with. */
  public static DoorLimits standard() {
    return new DoorLimits(
        Counts.standard(),
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofHours(1),
        Leases.standard());
  }
}
