package org.consilium.sim.proxy;

import java.time.Duration;

/**
 * How good a line is.
 *
 * @param upBitsPerSecond of all connections together; {@link #UNLIMITED} for no limit
 * @param downBitsPerSecond the same, back
 * @param latency one way
 * @param loss chance of each segment of 1460 bytes to be lost, 0 to below 1
 * @param stall what a lost segment costs: TCP sends it again after a time-out, and what follows
 *     waits for it
 */
public record LineTerms(
    long upBitsPerSecond, long downBitsPerSecond, Duration latency, double loss, Duration stall) {
  /** As fast as this machine. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** First retransmission time-out of RFC 6298 as Linux has it. */
  private static final Duration RETRANSMISSION = Duration.ofMillis(200);

  public LineTerms {
    if (upBitsPerSecond < 1 || downBitsPerSecond < 1) {
      throw new IllegalArgumentException(
          "a line needs at least 1 bit/s each way, got %d and %d"
              .formatted(upBitsPerSecond, downBitsPerSecond));
    }
    if (latency.isNegative() || stall.isNegative() || !(loss >= 0 && loss < 1)) {
      throw new IllegalArgumentException(
          "latency and stall must not be negative and loss 0 to below 1, got %s, %s and %s"
              .formatted(latency, stall, loss));
    }
  }

  /** A line without any fault. */
  public static LineTerms good() {
    return new LineTerms(UNLIMITED, UNLIMITED, Duration.ZERO, 0, RETRANSMISSION);
  }

  /** The same as wide as this, both ways. */
  public LineTerms withBandwidth(long bitsPerSecond) {
    return new LineTerms(bitsPerSecond, bitsPerSecond, latency, loss, stall);
  }

  /** The same, as far. */
  public LineTerms withLatency(Duration oneWay) {
    return new LineTerms(upBitsPerSecond, downBitsPerSecond, oneWay, loss, stall);
  }

  /** The same with this chance of a lost segment. */
  public LineTerms withLoss(double chance) {
    return new LineTerms(upBitsPerSecond, downBitsPerSecond, latency, chance, stall);
  }

  long bitsPerSecond(Direction direction) {
    return direction == Direction.UP ? upBitsPerSecond : downBitsPerSecond;
  }
}
