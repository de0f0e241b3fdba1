package org.consilium.site.session;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** This machine's clock and the coordinator's differ so much that certificates are misjudged. */
public final class Skew extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Duration MAX = Duration.ofMinutes(2);

  private Skew(String message) {
    super(message);
  }

  /**
   * Refuses a difference of more than two minutes.
   *
   * @param saidMillis the coordinator's time, milliseconds since 1970
   * @param asked before it was asked, by this machine's clock
   * @param answered after it answered
   */
  static void check(long saidMillis, Instant asked, Instant answered) {
    Instant said = Instant.ofEpochMilli(saidMillis);
    boolean behind = said.isAfter(answered);
    Duration skew =
        behind
            ? Duration.between(answered, said)
            : said.isBefore(asked) ? Duration.between(said, asked) : Duration.ZERO;
    if (skew.compareTo(MAX) > 0) {
      throw new Skew(
          "this machine's clock is %d s %s the coordinator's (%s here, %s there); at most %d s"
              .formatted(
                  skew.toSeconds(),
                  behind ? "behind" : "ahead of",
                  answered.truncatedTo(ChronoUnit.SECONDS),
                  said.truncatedTo(ChronoUnit.SECONDS),
                  MAX.toSeconds()));
    }
  }
}
