package org.consilium.coordinator.rpc;

import java.util.List;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * Keeps what gRPC's transport logs about foreign connections short: one line without a trace, and
 * only some a minute. A stranger can cause thousands. Safe for use by many threads.
 */
final class TransportLog implements Filter {
  private static final String TRANSPORT = "io.grpc.netty.shaded.io.grpc.netty.";
  private static final int LINES_A_MINUTE_MAX = 10;
  private static final int TICKS_A_MINUTE = 60;

  /** Held, because a logger that nobody holds forgets its filter. */
  private final List<Logger> loggers =
      Stream.of("NettyServerHandler", "NettyServerTransport", "NettyServerTransport.connections")
          .map(name -> Logger.getLogger(TRANSPORT + name))
          .toList();

  private int lines;
  private int ticks;

  private TransportLog() {}

  /** Filters the transport's loggers from now on; a later one takes the place of this. */
  static TransportLog attach() {
    TransportLog log = new TransportLog();
    log.loggers.forEach(logger -> logger.setFilter(log));
    return log;
  }

  @Override
  public synchronized boolean isLoggable(LogRecord record) {
    Throwable thrown = record.getThrown();
    if (thrown != null) {
      String reason = String.valueOf(thrown.getMessage()).replaceAll("\\p{Cntrl}", "?");
      record.setMessage(record.getMessage() + ": " + reason);
      record.setParameters(null); // the reason may hold braces
      record.setThrown(null);
    }
    lines++;
    return lines <= LINES_A_MINUTE_MAX;
  }

  /** To be called once a second. */
  synchronized void tick() {
    ticks = (ticks + 1) % TICKS_A_MINUTE;
    if (ticks == 0) {
      lines = 0;
    }
  }
}
