package org.consilium.coordinator.ops;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.consortium.Member;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;

/**
 * Everything that is true at the moment of a scrape, read from snapshots then and there, so that no
 * gauge outlives what it speaks of.
 */
public final class CoordinatorMetrics implements MultiCollector {
  private final Supplier<List<StudySnapshot>> studies;
  private final Consortium consortium;
  private final BooleanSupplier auditValid;
  private final String version;

  private CoordinatorMetrics(
      Supplier<List<StudySnapshot>> studies,
      Consortium consortium,
      BooleanSupplier auditValid,
      String version) {
    this.studies = studies;
    this.consortium = consortium;
    this.auditValid = auditValid;
    this.version = version;
  }

  /**
   * Adds itself to the registry.
   *
   * @param auditValid result of the last check of the journal's chain; asked at each scrape
   */
  public static void register(
      PrometheusRegistry registry,
      Supplier<List<StudySnapshot>> studies,
      Consortium consortium,
      BooleanSupplier auditValid,
      String version) {
    registry.register(new CoordinatorMetrics(studies, consortium, auditValid, version));
  }

  @Override
  public MetricSnapshots collect() {
    Gauges gauges = new Gauges();
    List<StudySnapshot> now = studies.get();
    gauges.fact("build", "version", version);
    gauges.put("audit_chain_valid", auditValid.getAsBoolean() ? 1 : 0);
    gauges.put("ca_certificate_expiry_timestamp_seconds", seconds(consortium.root()), "ca", "root");
    now.forEach(study -> StudyGauges.collect(study, gauges));
    sites(now, gauges);
    return gauges.snapshots();
  }

  private static double seconds(X509Certificate certificate) {
    return certificate.getNotAfter().toInstant().getEpochSecond();
  }

  private void sites(List<StudySnapshot> now, Gauges gauges) {
    Map<SiteId, Instant> seen = new HashMap<>();
    Set<SiteId> connected = new HashSet<>();
    for (StudySnapshot study : now) {
      for (SiteStatus status : study.sites()) {
        status
            .lastSeen()
            .ifPresent(t -> seen.merge(status.site(), t, (a, b) -> a.isAfter(b) ? a : b));
        if (status.connected()) {
          connected.add(status.site());
        }
      }
    }
    for (Member member : consortium.list()) {
      if (member.state() != Member.State.ACTIVE) {
        continue; // the series of one who left go at once
      }
      SiteId id = member.site();
      String site = id.value();
      gauges.fact(
          "site",
          "site",
          site,
          "version",
          member.softwareVersion(),
          "protocol",
          String.valueOf(Limits.PROTOCOL));
      gauges.put("site_connected", connected.contains(id) ? 1 : 0, "site", site);
      if (seen.containsKey(id)) {
        gauges.put(
            "site_last_seen_timestamp_seconds", seen.get(id).toEpochMilli() / 1000.0, "site", site);
      }
      consortium
          .enrolled(id)
          .map(EnrolledSite::signingCertificate)
          .ifPresent(
              c ->
                  gauges.put(
                      "site_certificate_expiry_timestamp_seconds", seconds(c), "site", site));
    }
  }
}
