package org.consilium.coordinator.ops;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The one list of metrics, {@code deploy/monitoring/metrics.yaml}; the build puts it on the class
 * path. A name that is not in it cannot be published.
 */
final class MetricList {
  private static final Map<String, Metric> METRICS = read();

  private MetricList() {}

  /** One metric as the list has it. */
  record Metric(String name, String type, List<String> labels, String unit, String help) {}

  /** The help text of a listed metric. */
  static String help(String name) {
    Metric metric = METRICS.get(name);
    if (metric == null) {
      throw new IllegalStateException("metric %s is not in metrics.yaml".formatted(name));
    }
    return metric.help();
  }

  /** All of them by name. */
  static Map<String, Metric> all() {
    return METRICS;
  }

  private static List<?> list(Map<?, ?> map, String key) {
    return map.get(key) instanceof List<?> list ? list : List.of();
  }

  private static Map<String, Metric> read() {
    try (InputStream file = MetricList.class.getResourceAsStream("/monitoring/metrics.yaml")) {
      if (file == null) {
        throw new IllegalStateException("monitoring/metrics.yaml is not on the class path");
      }
      Map<String, Metric> metrics = new LinkedHashMap<>();
      Object tree =
          new Yaml(new SafeConstructor(new LoaderOptions()))
              .load(new String(file.readAllBytes(), StandardCharsets.UTF_8));
      for (Object one : list((Map<?, ?>) tree, "metrics")) {
        Map<?, ?> entry = (Map<?, ?>) one;
        Metric metric =
            new Metric(
                String.valueOf(entry.get("name")),
                String.valueOf(entry.get("type")),
                list(entry, "labels").stream().map(String::valueOf).toList(),
                String.valueOf(entry.get("unit")),
                String.valueOf(entry.get("help")));
        metrics.put(metric.name(), metric);
      }
      return Map.copyOf(metrics);
    } catch (IOException failed) {
      throw new UncheckedIOException("read metrics.yaml", failed);
    }
  }
}
