package org.consilium.site.session;

import java.time.Duration;
import org.consilium.protocol.Limits;

/**
 * What is under way on a link, so that an answer that waits behind megabytes is not taken for
 * silence: pings, their answers and all transfers share one connection, and what the system has
 * taken of a chunk goes first. Safe for use by many threads.
 */
public final class Traffic {
  /** Three pings unanswered on a link with nothing else to do. */
  private static final Duration QUIET_MAX = Duration.ofSeconds(35);

  /** One chunk in the connection's window and one half written. */
  private static final int CHUNKS_BEFORE = 2;

  private int transfers;
  private Duration chunk = Limits.SENDING_LEASE;

  Traffic() {}

  /** A transfer that is under way until it is closed. */
  @FunctionalInterface
  public interface Transfer extends AutoCloseable {
    @Override
    void close();
  }

  /** A transfer begins; of how fast the line is, nothing is known. */
  public synchronized Transfer begin() {
    if (transfers == 0) {
      chunk = Limits.SENDING_LEASE;
    }
    transfers++;
    return this::end;
  }

  /** A chunk went, and took so long. */
  public synchronized void moved(Duration took) {
    chunk = took;
  }

  /** How long the coordinator may be silent before the line counts as dead. */
  synchronized Duration silenceMax() {
    if (transfers == 0) {
      return QUIET_MAX;
    }
    Duration longer = QUIET_MAX.plus(chunk.multipliedBy(CHUNKS_BEFORE));
    return longer.compareTo(Limits.SENDING_LEASE) < 0 ? longer : Limits.SENDING_LEASE;
  }

  private synchronized void end() {
    transfers--;
  }
}
