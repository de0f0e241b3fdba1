package org.consilium.coordinator.rpc;

import java.time.Duration;
import org.consilium.protocol.Limits;

/**
 * How much a peer may take of a gRPC door, and how long it may make the door wait.
 *
 * @param connectionsAnAddress open at a time from one address, counted before TLS
 * @param handshake from the first byte until TLS stands and HTTP/2 settings have come
 * @param idle without an open call
 * @param age of a connection, after which its calls end within a grace and the site comes again
 * @param leases of transfers: a slow one that moves is never ended
 */
public record DoorLimits(
    int connectionsAnAddress, Duration handshake, Duration idle, Duration age, Leases leases) {
  /**
   * All 128 sites of a round may sit behind one proxy, each with a connection and its successor.
   */
  private static final int CONNECTIONS_AN_ADDRESS = 256;

  public DoorLimits {
    if (connectionsAnAddress < 1) {
      throw new IllegalArgumentException(
          "connections of an address must be at least 1, got " + connectionsAnAddress);
    }
    for (Duration wait :
        new Duration[] {handshake, idle, age, leases.receiving(), leases.sending()}) {
      if (!wait.isPositive()) {
        throw new IllegalArgumentException("a limit of time must be positive, got " + wait);
      }
    }
  }

  /**
   * How long a transfer may stand still.
   *
   * @param receiving of an upload: until {@link Limits#LEASE_BYTES} or a whole message have come
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
        CONNECTIONS_AN_ADDRESS,
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofHours(1),
        Leases.standard());
  }
}
