package org.consilium.coordinator.ops;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Locale;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/**
 * Counters and durations of rounds, which no snapshot can give: whoever does the work says so here,
 * once. Safe for use by many threads; never blocks and never fails.
 */
public final class RoundMetrics {
  private static final double[] ROUND_SECONDS = {
    1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400
  };
  private static final double[] UPDATE_BYTES = {1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};

  private final Counter received;
  private final Counter rejected;
  private final Histogram size;
  private final Counter rounds;
  private final Histogram roundSeconds;
  private final Histogram phaseSeconds;
  private final Counter transfer;

  /** Registers the metrics; one instance a registry. */
  public RoundMetrics(PrometheusRegistry registry) {
    received = counter("updates_received_total", registry, "study", "site");
    rejected = counter("updates_rejected_total", registry, "study", "site", "reason");
    size = histogram("update_size_bytes", UPDATE_BYTES, registry, "study");
    rounds = counter("rounds_total", registry, "study", "outcome");
    roundSeconds = histogram("round_duration_seconds", ROUND_SECONDS, registry, "study");
    phaseSeconds =
        histogram("round_phase_duration_seconds", ROUND_SECONDS, registry, "study", "phase");
    transfer = counter("transfer_bytes_total", registry, "site", "direction", "kind");
  }

  /** Why an update was refused. */
  public enum Rejection {
    SIGNATURE,
    DECRYPT,
    REPLAY,
    SHAPE,
    NAN,
    NORM,
    STALE,
    LATE,
    SIZE,
    POLICY
  }

  /** How a round ended. */
  public enum RoundOutcome {
    COMPLETED,
    FAILED,
    ABORTED
  }

  /** A stretch of a round. */
  public enum Phase {
    DISTRIBUTE,
    TRAIN,
    COLLECT,
    AGGREGATE,
    VALIDATE,
    PUBLISH
  }

  /** Which way bytes went. */
  public enum Direction {
    TO_SITE,
    FROM_SITE
  }

  /** What the bytes were. */
  public enum Cargo {
    MODEL,
    UPDATE,
    CONTROL
  }

  /** Makes every series of a study at 0, so that the first event of a kind shows as a rise. */
  public void studyCreated(StudyId study, Iterable<SiteId> sites) {
    for (RoundOutcome outcome : RoundOutcome.values()) {
      rounds.initLabelValues(study.value(), label(outcome));
    }
    for (SiteId site : sites) {
      received.initLabelValues(study.value(), site.value());
      for (Rejection reason : Rejection.values()) {
        rejected.initLabelValues(study.value(), site.value(), label(reason));
      }
      for (Cargo cargo : Cargo.values()) {
        transfer.initLabelValues(site.value(), label(Direction.TO_SITE), label(cargo));
        transfer.initLabelValues(site.value(), label(Direction.FROM_SITE), label(cargo));
      }
    }
  }

  /** An update was accepted: verified and durable. */
  public void updateReceived(StudyId study, SiteId site, long bytes) {
    received.labelValues(study.value(), site.value()).inc();
    size.labelValues(study.value()).observe((double) bytes);
  }

  /** An update was refused. */
  public void updateRejected(StudyId study, SiteId site, Rejection reason) {
    rejected.labelValues(study.value(), site.value(), label(reason)).inc();
  }

  /** A round ended after some wall time. */
  public void roundEnded(StudyId study, RoundOutcome outcome, double seconds) {
    rounds.labelValues(study.value(), label(outcome)).inc();
    roundSeconds.labelValues(study.value()).observe(seconds);
  }

  /** A phase of a round took some wall time. */
  public void phase(StudyId study, Phase phase, double seconds) {
    phaseSeconds.labelValues(study.value(), label(phase)).observe(seconds);
  }

  /** Payload bytes went over the wire. */
  public void transfer(SiteId site, Direction direction, Cargo cargo, long bytes) {
    transfer.labelValues(site.value(), label(direction), label(cargo)).inc(bytes);
  }

  static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static Counter counter(String name, PrometheusRegistry registry, String... labels) {
    return Counter.builder()
        .name("consilium_" + name)
        .help(MetricList.help("consilium_" + name))
        .labelNames(labels)
        .register(registry);
  }

  private static Histogram histogram(
      String name, double[] bounds, PrometheusRegistry registry, String... labels) {
    return Histogram.builder()
        .name("consilium_" + name)
        .help(MetricList.help("consilium_" + name))
        .labelNames(labels)
        .classicOnly()
        .classicUpperBounds(bounds)
        .register(registry);
  }
}
