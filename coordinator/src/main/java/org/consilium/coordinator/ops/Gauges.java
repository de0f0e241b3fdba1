package org.consilium.coordinator.ops;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot.StateSetDataPointSnapshot;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The gauges of one scrape, gathered by name; a metric without a value is absent, never 0. */
final class Gauges {
  private final Map<String, GaugeSnapshot.Builder> gauges = new LinkedHashMap<>();
  private final Map<String, InfoSnapshot.Builder> infos = new LinkedHashMap<>();
  private final Map<String, StateSetSnapshot.Builder> states = new LinkedHashMap<>();

  /** One value; {@code labels} are names and values in turn. */
  void put(String name, double value, String... labels) {
    gauges
        .computeIfAbsent(
            name,
            n ->
                GaugeSnapshot.builder()
                    .name("consilium_" + n)
                    .help(MetricList.help("consilium_" + n)))
        .dataPoint(GaugeDataPointSnapshot.builder().value(value).labels(Labels.of(labels)).build());
  }

  /** One fact; the name is without its {@code _info}. */
  void fact(String name, String... labels) {
    infos
        .computeIfAbsent(
            name,
            n ->
                InfoSnapshot.builder()
                    .name("consilium_" + n)
                    .help(MetricList.help("consilium_" + n + "_info")))
        .dataPoint(InfoDataPointSnapshot.builder().labels(Labels.of(labels)).build());
  }

  /** One state out of an enum's. */
  <E extends Enum<E>> void state(String name, E current, Class<E> all, String... labels) {
    StateSetDataPointSnapshot.Builder point =
        StateSetDataPointSnapshot.builder().labels(Labels.of(labels));
    for (E state : all.getEnumConstants()) {
      point.state(state.name().toLowerCase(Locale.ROOT), state == current);
    }
    states
        .computeIfAbsent(
            name,
            n ->
                StateSetSnapshot.builder()
                    .name("consilium_" + n)
                    .help(MetricList.help("consilium_" + n)))
        .dataPoint(point.build());
  }

  MetricSnapshots snapshots() {
    MetricSnapshots.Builder all = MetricSnapshots.builder();
    gauges.values().forEach(g -> all.metricSnapshot(g.build()));
    infos.values().forEach(i -> all.metricSnapshot(i.build()));
    states.values().forEach(s -> all.metricSnapshot(s.build()));
    return all.build();
  }
}
