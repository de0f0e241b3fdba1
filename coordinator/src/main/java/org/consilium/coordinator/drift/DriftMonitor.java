package org.consilium.coordinator.drift;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/**
 * Watches every centre's window-against-baseline shifts of a study with one CUSUM for each
 * quantity. The alarm line comes from the false alarms a year that the consortium accepts over all
 * centres. Immutable: observing gives another monitor, so a replayed journal gives the same
 * verdicts.
 */
public final class DriftMonitor {
  /** Streams of each site: AUROC and log loss. */
  private static final List<Quantity> WATCHED =
      List.of(Quantity.AUROC_SHIFT, Quantity.LOG_LOSS_SHIFT);

  /**
   * Largest shift that one window can contribute, as the composite score of the specification clips
   * its inputs. A window of ±10 still alarms alone at every usual threshold; what the clip prevents
   * is that one wild window keeps the statistic above the line for hundreds of good ones.
   */
  private static final double SHIFT_MAX = 10;

  /** One window this far off is suspect by itself. */
  private static final double SUSPECT_SHIFT = 3;

  private final double threshold;
  private final boolean on;
  private final Map<SiteId, Watched> sites;

  private DriftMonitor(double threshold, boolean on, Map<SiteId, Watched> sites) {
    this.threshold = threshold;
    this.on = on;
    this.sites = sites;
  }

  /** What the detectors say of a centre. */
  public enum Verdict {
    INSUFFICIENT,
    STABLE,
    SUSPECTED,
    CONFIRMED
  }

  /**
   * One observation.
   *
   * @param window monitoring window; 0 for a report within a round
   * @param shift as fed, clipped; positive is worse
   * @param statistic S after it
   * @param threshold h
   */
  public record Point(
      int window, Quantity quantity, double shift, double statistic, double threshold) {}

  /**
   * A centre's evidence.
   *
   * @param firstAlarm window of the first alarm
   */
  public record Evidence(Verdict verdict, OptionalInt firstAlarm, List<Point> points) {
    public Evidence {
      points = List.copyOf(points);
    }
  }

  private record Watched(Map<Quantity, Double> statistics, Evidence evidence) {}

  /** Nothing observed yet. */
  public static DriftMonitor of(StudyPlan plan) {
    int streams = WATCHED.size() * plan.participation().sites().size();
    var monitoring = plan.monitoring();
    double runLength = monitoring.windowsPerYear() * streams / monitoring.falseAlarmsPerYear();
    return new DriftMonitor(
        Cusum.thresholdFor(runLength), monitoring.detector().equals("cusum"), Map.of());
  }

  /** h, the alarm line of every stream. */
  public double threshold() {
    return threshold;
  }

  /** The monitor after a site's report; the same one when the report carries no shift. */
  public DriftMonitor observe(SiteId site, ValidationReport report) {
    Watched watched =
        Optional.ofNullable(sites.get(site))
            .orElse(
                new Watched(
                    Map.of(), new Evidence(Verdict.INSUFFICIENT, OptionalInt.empty(), List.of())));
    for (Quantity quantity : WATCHED) {
      Optional<Measure> shift = report.find(Subject.GLOBAL, Cases.WINDOW, quantity);
      if (on && shift.isPresent()) {
        watched = fed(watched, report.window(), quantity, shift.get().value());
      }
    }
    if (watched.statistics().isEmpty()) {
      return this;
    }
    Map<SiteId, Watched> more = new HashMap<>(sites);
    more.put(site, watched);
    return new DriftMonitor(threshold, on, Map.copyOf(more));
  }

  /** A centre's evidence so far. */
  public Evidence evidence(SiteId site) {
    return Optional.ofNullable(sites.get(site))
        .map(Watched::evidence)
        .orElse(new Evidence(Verdict.INSUFFICIENT, OptionalInt.empty(), List.of()));
  }

  private Watched fed(Watched before, int window, Quantity quantity, double shift) {
    double z = Math.clamp(shift, -SHIFT_MAX, SHIFT_MAX);
    double statistic = Cusum.next(before.statistics().getOrDefault(quantity, 0.0), z);
    Map<Quantity, Double> statistics = new EnumMap<>(Quantity.class);
    statistics.putAll(before.statistics());
    statistics.put(quantity, statistic);
    List<Point> points = new ArrayList<>(before.evidence().points());
    points.add(new Point(window, quantity, z, statistic, threshold));
    OptionalInt alarm = before.evidence().firstAlarm();
    if (alarm.isEmpty() && statistic > threshold) {
      alarm = OptionalInt.of(window);
    }
    return new Watched(
        Map.copyOf(statistics), new Evidence(verdict(alarm, statistics, points), alarm, points));
  }

  /** An alarm stays until a person starts a new baseline; a suspicion passes with its cause. */
  private Verdict verdict(OptionalInt alarm, Map<Quantity, Double> statistics, List<Point> points) {
    if (alarm.isPresent()) {
      return Verdict.CONFIRMED;
    }
    int window = points.getLast().window();
    boolean far =
        points.subList(Math.max(0, points.size() - WATCHED.size()), points.size()).stream()
            .anyMatch(p -> p.window() == window && p.shift() > SUSPECT_SHIFT);
    boolean high = statistics.values().stream().anyMatch(s -> s > threshold / 2);
    return far || high ? Verdict.SUSPECTED : Verdict.STABLE;
  }
}
