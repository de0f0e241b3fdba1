package org.consilium.site.ops;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.Instant;

/**
 * The node's metrics. Labels are studies and fixed words; no number here is a count of patients
 * below a cell limit.
 */
public final class NodeMetrics {
  private final PrometheusRegistry registry;
  private final Gauge connected;
  private final Gauge lastContact;
  private final Counter reconnects;
  private final Gauge roundTrip;
  private final Gauge paused;
  private final Gauge approvalsPending;
  private final Counter decisions;
  private final Counter tasks;
  private final Counter diskErrors;
  private final Histogram taskDuration;
  private final Counter samples;
  private final Gauge loss;
  private final Gauge deltaNorm;
  private final Counter egressBytes;
  private final Counter egressBlocked;
  private final Counter ledgerEntries;
  private final Gauge certificateExpiry;

  /** In a registry of their own. */
  public NodeMetrics(String version, String device) {
    registry = new PrometheusRegistry();
    JvmMetrics.builder().register(registry);
    Info.builder()
        .name("consilium_node_info")
        .help("Facts about this node")
        .labelNames("version", "engine", "device")
        .register(registry)
        .addLabelValues(version, "pytorch", device);
    connected = gauge("consilium_node_connected", "Stream to the coordinator is up");
    lastContact =
        gauge(
            "consilium_node_last_contact_timestamp_seconds",
            "When the last message came from the coordinator");
    reconnects = counter("consilium_node_reconnects", "Streams that ended", "reason");
    roundTrip = gauge("consilium_node_round_trip_seconds", "Last ping");
    paused = gauge("consilium_node_paused", "Paused by people here");
    approvalsPending =
        gauge("consilium_node_approvals_pending", "Studies that await a decision here");
    decisions = counter("consilium_node_decisions", "Decisions about studies", "decision");
    tasks = counter("consilium_node_tasks", "Tasks", "study", "kind", "outcome");
    diskErrors = counter("consilium_node_disk_errors", "Tasks broken off by reading or writing");
    taskDuration =
        Histogram.builder()
            .name("consilium_node_task_duration_seconds")
            .help("Whole task")
            .labelNames("study", "kind")
            .classicUpperBounds(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
            .register(registry);
    samples = counter("consilium_node_train_samples", "Samples seen in training", "study");
    loss = gauge("consilium_node_train_loss", "Loss of the last step", "study");
    deltaNorm = gauge("consilium_node_delta_norm", "L2 norm of the last update", "study");
    egressBytes = counter("consilium_node_egress_bytes", "What left", "study", "kind");
    egressBlocked = counter("consilium_node_egress_blocked", "What was refused here", "rule");
    ledgerEntries = counter("consilium_node_ledger_entries", "Entries of the egress ledger");
    certificateExpiry =
        gauge("consilium_node_certificate_expiry_timestamp_seconds", "Own certificate");
  }

  PrometheusRegistry registry() {
    return registry;
  }

  /** The stream came up or went down. */
  public void connected(boolean up) {
    connected.set(up ? 1 : 0);
  }

  /** The stream ended. */
  public void reconnect(String reason) {
    reconnects.labelValues(reason).inc();
  }

  /** Something came from the coordinator. */
  public void heard(Instant when) {
    lastContact.set((double) when.toEpochMilli() / 1e3);
  }

  /** A ping came back. */
  public void roundTrip(Duration time) {
    roundTrip.set((double) time.toNanos() / 1e9);
  }

  /** People paused or resumed the node. */
  public void paused(boolean yes) {
    paused.set(yes ? 1 : 0);
  }

  /** How many studies await people's decision. */
  public void approvalsPending(int studies) {
    approvalsPending.set(studies);
  }

  /** A decision was said: approved or denied. */
  public void decision(boolean approved) {
    decisions.labelValues(approved ? "approved" : "denied").inc();
  }

  /** A task ended: ok, failed or cancelled. */
  public void task(String study, String kind, String outcome, Duration took) {
    tasks.labelValues(study, kind, outcome).inc();
    taskDuration.labelValues(study, kind).observe((double) took.toNanos() / 1e9);
  }

  /** A task was broken off because something could not be read or written here. */
  public void diskFailed() {
    diskErrors.inc();
  }

  /** A training step was done. */
  public void step(String study, double stepLoss) {
    loss.labelValues(study).set(stepLoss);
  }

  /** A round's training was done over this many examples. */
  public void trained(String study, long examples) {
    samples.labelValues(study).inc((double) examples);
  }

  /** An update was protected. */
  public void protectedUpdate(String study, double norm) {
    deltaNorm.labelValues(study).set(norm);
  }

  /** Something is about to leave and is in the ledger. */
  public void egress(String study, String kind, long bytes) {
    egressBytes.labelValues(study, kind).inc((double) bytes);
    ledgerEntries.inc();
  }

  /** Something was refused here. */
  public void blocked(String rule) {
    egressBlocked.labelValues(rule).inc();
  }

  /** When the node's certificate ends. */
  public void certificateExpiry(Instant when) {
    certificateExpiry.set((double) when.getEpochSecond());
  }

  private Gauge gauge(String name, String help, String... labels) {
    return Gauge.builder().name(name).help(help).labelNames(labels).register(registry);
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
  }
}
