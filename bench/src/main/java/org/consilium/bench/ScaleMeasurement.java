package org.consilium.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.consilium.sim.crowd.CrowdResult;
import org.consilium.sim.crowd.Line;
import org.consilium.sim.crowd.Work;

/**
 * What rounds of crowds cost, and how that grows with sites and with parameters.
 *
 * @param mode masked or sealed
 * @param threads sites at work at a time
 * @param results one a size, in the order in which they were run, in one process
 * @param machine where
 * @param date when, ISO 8601
 */
record ScaleMeasurement(
    String mode, int threads, List<CrowdResult> results, String machine, String date) {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final double MIB = 1024.0 * 1024.0;
  private static final double MILLION = 1e6;

  ScaleMeasurement {
    results = List.copyOf(results);
  }

  /** A size. */
  record Point(int sites, long parameters) {
    /** Reads {@code SITESxPARAMETERS}. */
    static Point parse(String text) {
      String[] parts = text.strip().split("x", -1);
      if (parts.length != 2
          || !parts[0].matches("[0-9]{1,5}")
          || !parts[1].matches("[0-9]{1,12}")) {
        throw new IllegalArgumentException(
            "--points must be SITESxPARAMETERS, for example 4x1000000, got " + text);
      }
      return new Point(Integer.parseInt(parts[0]), Long.parseLong(parts[1]));
    }

    @Override
    public String toString() {
      return "%d sites x %,d".formatted(sites, parameters);
    }
  }

  String text() {
    StringBuilder text = new StringBuilder();
    for (CrowdResult result : results) {
      one(result, text);
    }
    slopes(text);
    text.append("machine: %s, %s%n".formatted(machine, date));
    return text.toString();
  }

  private void one(CrowdResult result, StringBuilder text) {
    text.append(
        String.format(
            Locale.ROOT,
            "%d sites, %,d parameters (%.0f MiB a model), %s, one process, %d threads, journal in"
                + " memory; set-up %.1f s, up %.0f MiB%n",
            result.order().sites(),
            result.order().parameters(),
            result.order().parameters() * 4 / MIB,
            mode,
            threads,
            result.setupSeconds(),
            result.bytesUp() / MIB));
    for (CrowdResult.Round round : result.rounds()) {
      text.append(
          String.format(
              Locale.ROOT,
              "round %-4d %8.2f s  processor %.2f s  peak %s MiB  %s%n",
              round.number(),
              round.seconds(),
              round.cpuSeconds(),
              round.peakRssKib().isPresent()
                  ? String.valueOf(round.peakRssKib().getAsLong() / 1024)
                  : "?",
              work(round)));
    }
  }

  private static String work(CrowdResult.Round round) {
    return new TreeMap<>(round.work())
        .entrySet().stream()
            .map(
                e ->
                    String.format(
                        Locale.ROOT,
                        "%s %.2f",
                        e.getKey().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                        e.getValue()))
            .collect(Collectors.joining(", "));
  }

  /** For each number of parameters the line over sites, and the other way round. */
  private void slopes(StringBuilder text) {
    Map<Long, List<CrowdResult>> byParameters =
        results.stream()
            .collect(
                Collectors.groupingBy(
                    r -> r.order().parameters(), TreeMap::new, Collectors.toList()));
    byParameters.forEach(
        (parameters, some) ->
            line(
                text,
                "at %,d parameters, a site".formatted(parameters),
                some,
                r -> r.order().sites()));
    Map<Integer, List<CrowdResult>> bySites =
        results.stream()
            .collect(
                Collectors.groupingBy(r -> r.order().sites(), TreeMap::new, Collectors.toList()));
    bySites.forEach(
        (sites, some) ->
            line(
                text,
                "at %d sites, a million parameters".formatted(sites),
                some,
                r -> r.order().parameters() / MILLION));
  }

  private static void line(
      StringBuilder text, String what, List<CrowdResult> some, ToDoubleFunction<CrowdResult> x) {
    double[] places = some.stream().mapToDouble(x).toArray();
    if (java.util.Arrays.stream(places).distinct().count() < 2) {
      return;
    }
    Line clock = Line.through(places, some.stream().mapToDouble(r -> r.last().seconds()).toArray());
    Line processor =
        Line.through(places, some.stream().mapToDouble(r -> r.last().cpuSeconds()).toArray());
    text.append(
        String.format(
            Locale.ROOT,
            "%s: %.4f s a round (and %.2f s whatever it is), %.4f s of processor (and %.2f s);"
                + " least squares over %d sizes%n",
            what,
            clock.slope(),
            clock.fixed(),
            processor.slope(),
            processor.fixed(),
            places.length));
  }

  String envelope() {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("schemaVersion", 1).put("status", "ok");
    ObjectNode data = root.putObject("data");
    data.put("mode", mode).put("threads", threads).put("journal", "memory");
    ArrayNode sizes = data.putArray("sizes");
    for (CrowdResult result : results) {
      ObjectNode size = sizes.addObject();
      size.put("sites", result.order().sites()).put("parameters", result.order().parameters());
      size.put("setupSeconds", result.setupSeconds()).put("bytesUp", result.bytesUp());
      size.put("model", result.version().digest().hex());
      ArrayNode rounds = size.putArray("rounds");
      for (CrowdResult.Round round : result.rounds()) {
        ObjectNode node = rounds.addObject();
        node.put("number", round.number()).put("updates", round.updates());
        node.put("seconds", round.seconds()).put("cpuSeconds", round.cpuSeconds());
        if (round.peakRssKib().isPresent()) {
          node.put("peakRssMiB", round.peakRssKib().getAsLong() / 1024.0);
        } else {
          node.putNull("peakRssMiB");
        }
        ObjectNode work = node.putObject("threadSeconds");
        for (Work kind : Work.values()) {
          if (round.work().containsKey(kind)) {
            work.put(kind.name(), Objects.requireNonNull(round.work().get(kind)));
          }
        }
      }
    }
    data.put("machine", machine).put("date", date);
    return root.toString();
  }
}
