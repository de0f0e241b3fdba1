package org.consilium.coordinator.rpc;

import java.time.Duration;

/**
 * How much a peer may take of a gRPC door, and how long it may make the door wait.
 *
 * @param connectionsAnAddress open at a time from one address, counted before TLS
 * @param handshake from the first byte until TLS stands and HTTP/2 settings have come
 * @param idle without an open call
 * @param age of a connection, after which its calls end within a grace and the site comes again
 * @param chunkWait for one whole chunk of an upload
 */
public record DoorLimits(
    int connectionsAnAddress, Duration handshake, Duration idle, Duration age, Duration chunkWait) {
  /**
   * All 128 sites of a round may sit behind one proxy, each with a connection and its successor.
   */
  private static final int CONNECTIONS_AN_ADDRESS = 256;

  /** A chunk of 1 MiB in two minutes is 70 kbit/s. */
  private static final Duration CHUNK_WAIT = Duration.ofMinutes(2);

  public DoorLimits {
    if (connectionsAnAddress < 1) {
      throw new IllegalArgumentException(
          "connections of an address must be at least 1, got " + connectionsAnAddress);
    }
    for (Duration wait : new Duration[] {handshake, idle, age, chunkWait}) {
      if (!wait.isPositive()) {
        throw new IllegalArgumentException("a limit of time must be positive, got " + wait);
      }
    }
  }

  /** What a coordinator runs with. */
  public static DoorLimits standard() {
    return new DoorLimits(
        CONNECTIONS_AN_ADDRESS,
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofHours(1),
        CHUNK_WAIT);
  }
}
