package org.consilium.sim.monitoring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The folder {@code deploy/monitoring} of this copy and the names that its files use. */
record MonitoringFolder(Path path) {
  private static final Pattern ENTRY =
      Pattern.compile("(?m)^  - name: (\\S+)\\R    type: (\\S+)(?:\\R    .*)*?\\R    use: (\\S+)$");
  private static final Pattern RECORDED = Pattern.compile("[a-z_]+:(consilium_[a-z_]+):\\w+");
  private static final Pattern NAME = Pattern.compile("\\bconsilium_[a-z_]+");
  private static final Pattern RECORD = Pattern.compile("(?m)^\\s*- record: (\\S+)$");

  /** One metric of the list. */
  record Listed(String type, String use) {}

  /** Looks upwards from the module that runs the tests. */
  static MonitoringFolder find() {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(at.resolve("deploy/monitoring"))) {
      Path above = at.getParent();
      if (above == null) {
        throw new IllegalStateException(
            "no deploy/monitoring above " + Path.of("").toAbsolutePath());
      }
      at = above;
    }
    return new MonitoringFolder(at.resolve("deploy/monitoring"));
  }

  String read(String file) throws IOException {
    return Files.readString(path.resolve(file), StandardCharsets.UTF_8);
  }

  /** {@code metrics.yaml}: the one list of names. */
  Map<String, Listed> listed() throws IOException {
    Map<String, Listed> metrics = new LinkedHashMap<>();
    Matcher entry = ENTRY.matcher(read("metrics.yaml"));
    while (entry.find()) {
      metrics.put(entry.group(1), new Listed(entry.group(2), entry.group(3)));
    }
    return metrics;
  }

  /** Names that recording rules make. */
  Set<String> recorded() throws IOException {
    Set<String> names = new TreeSet<>();
    Matcher record = RECORD.matcher(read("prometheus/rules/consilium.yml"));
    while (record.find()) {
      names.add(record.group(1));
    }
    return names;
  }

  /** The metrics that an expression reads, a histogram's parts under the histogram's name. */
  static Set<String> metricsIn(String expression, Map<String, Listed> listed) {
    Set<String> names = new TreeSet<>();
    Matcher name = NAME.matcher(RECORDED.matcher(expression).replaceAll(""));
    while (name.find()) {
      String whole = name.group();
      String family = whole.replaceFirst("_(bucket|sum|count)$", "");
      boolean part = listed.containsKey(family) && listed.get(family).type().equals("histogram");
      names.add(part ? family : whole);
    }
    return names;
  }

  /** The recorded names that an expression reads. */
  static Set<String> recordedIn(String expression) {
    Set<String> names = new TreeSet<>();
    Matcher name = RECORDED.matcher(expression);
    while (name.find()) {
      names.add(name.group());
    }
    return names;
  }
}
