package org.consilium.coordinator.ops;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** Counters of invitations and refused callers. Safe for use by many threads. */
public final class AccessMetrics {
  private final Counter invitations;
  private final Counter failures;

  /** Registers the metrics with every series at 0; one instance a registry. */
  public AccessMetrics(PrometheusRegistry registry) {
    invitations =
        Counter.builder()
            .name("consilium_invitations_total")
            .help(MetricList.help("consilium_invitations_total"))
            .labelNames("outcome")
            .register(registry);
    failures =
        Counter.builder()
            .name("consilium_auth_failures_total")
            .help(MetricList.help("consilium_auth_failures_total"))
            .labelNames("mechanism", "reason")
            .register(registry);
    for (InvitationOutcome outcome : InvitationOutcome.values()) {
      invitations.initLabelValues(RoundMetrics.label(outcome));
    }
    for (Mechanism mechanism : Mechanism.values()) {
      for (Failure reason : Failure.values()) {
        failures.initLabelValues(RoundMetrics.label(mechanism), RoundMetrics.label(reason));
      }
    }
  }

  /** What became of an invitation. */
  public enum InvitationOutcome {
    ISSUED,
    USED,
    EXPIRED,
    REFUSED
  }

  /** How a caller tried to prove who it is. */
  public enum Mechanism {
    MTLS,
    TOKEN
  }

  /** Why it was not believed. */
  public enum Failure {
    MISSING,
    REFUSED
  }

  /** An invitation was given out, used, or tried in vain. */
  public void invitation(InvitationOutcome outcome) {
    invitations.labelValues(RoundMetrics.label(outcome)).inc();
  }

  /** A caller was refused. */
  public void authFailed(Mechanism mechanism, Failure reason) {
    failures.labelValues(RoundMetrics.label(mechanism), RoundMetrics.label(reason)).inc();
  }
}
