/**
 * Checks {@code deploy/monitoring}: the dashboard's own rules, Prometheus's tools on its files, and
 * every query of both against a real consortium and a real Prometheus.
 */
@NullMarked
package org.consilium.sim.monitoring;

import org.jspecify.annotations.NullMarked;
