package org.consilium.sim.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.consilium.sim.report.DemoReport.DriftPoint;
import org.consilium.sim.report.DemoReport.Event;
import org.consilium.sim.report.DemoReport.Head;
import org.consilium.sim.report.DemoReport.Models;
import org.consilium.sim.report.DemoReport.ProcessLine;
import org.consilium.sim.report.DemoReport.Quality;
import org.consilium.sim.report.DemoReport.RoundLine;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.report.DemoReport.SiteLine;
import org.consilium.sim.report.DemoReport.Together;

/** The report as JSON; absent numbers are null. */
final class ReportJson {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private ReportJson() {}

  static ObjectNode of(DemoReport report) {
    ObjectNode root = MAPPER.createObjectNode();
    Head head = report.head();
    root.put("study", head.study())
        .put("title", head.title())
        .put("scenario", head.scenario())
        .put("seed", head.seed())
        .put("wallSeconds", round(head.wallSeconds()))
        .put("modelDigest", head.modelDigest())
        .put("bestRound", head.bestRound())
        .put("parameters", head.parameters())
        .put("plan", head.plan())
        .put("machine", head.machine())
        .put("images", head.label())
        .put("measure", head.words().measure());
    ArrayNode rounds = root.putArray("rounds");
    report.rounds().forEach(line -> round(rounds.addObject(), line));
    ArrayNode sites = root.putArray("sites");
    report.sites().forEach(line -> site(sites.addObject(), line));
    Together together = report.together();
    pooled(root, together);
    ObjectNode means = root.putObject("means");
    put(means, "localOnly", together.localOnlyMean());
    put(means, "global", together.globalMean());
    put(means, "pooled", together.pooledMean());
    put(means, "fromRandomValues", together.randomMean());
    ObjectNode all = root.putObject("allSitesTest");
    all.put("cases", together.testCases());
    put(all, "localOnlyMean", together.localOnlyMeanOnAll());
    models(all, together.onAll());
    ArrayNode qualities = root.putArray("scores");
    report.qualities().forEach(line -> quality(qualities.addObject(), line));
    if (!report.drawn().isEmpty()) {
      ArrayNode drawn = root.putArray("dice");
      report.drawn().forEach(line -> drawn(drawn.addObject(), line));
    }
    ArrayNode processes = root.putArray("processes");
    report.processes().forEach(line -> process(processes.addObject(), line));
    ArrayNode timeline = root.putArray("timeline");
    for (Event event : report.timeline()) {
      timeline
          .addObject()
          .put("seconds", round(event.at()))
          .put("kind", event.kind())
          .put("subject", event.subject())
          .put("text", event.text());
    }
    return root;
  }

  private static void drawn(ObjectNode node, DemoReport.DrawnLine line) {
    node.put("site", line.site())
        .put("training", line.training())
        .put("chosenBy", line.chosenBy())
        .put("heldBack", line.heldBack())
        .put("choice", line.choice());
    put(node, "alone", line.alone());
    put(node, "pooled", line.pooled());
    put(node, "global", line.global());
    put(node, "personal", line.personal());
    put(node, "kept", line.kept());
  }

  private static void pooled(ObjectNode root, Together together) {
    if (together.pooledMean().isPresent()) {
      put(root.putObject("pooled"), "auroc", together.pooledMean());
    } else {
      root.putNull("pooled");
    }
  }

  private static void round(ObjectNode node, RoundLine line) {
    node.put("number", line.number())
        .put("startSeconds", round(line.start()))
        .put("seconds", round(line.seconds()))
        .put("accepted", line.accepted())
        .put("modelVersion", line.modelVersion());
    ArrayNode missing = node.putArray("missing");
    line.missing().forEach(missing::add);
    numbers(node.putObject("global"), line.global());
    numbers(node.putObject("localOnly"), line.localOnly());
    numbers(node.putObject("weights"), line.weights());
    ObjectNode remarks = node.putObject("remarks");
    line.remarks().forEach(remarks::put);
  }

  private static void numbers(ObjectNode node, Map<String, Double> values) {
    values.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> node.put(e.getKey(), e.getValue()));
  }

  private static void site(ObjectNode node, SiteLine line) {
    node.put("id", line.id())
        .put("differs", line.differs())
        .put("samples", line.samples())
        .put("positives", line.positives())
        .put("bytesUp", line.bytesUp())
        .put("bytesDown", line.bytesDown())
        .put("driftVerdict", line.drift().verdict())
        .put("firstAlarmWindow", line.drift().firstAlarmWindow())
        .put("driftOnsetWindow", line.drift().onsetWindow());
    models(node, line.own());
    score(node.putObject("allSitesTest"), "localOnly", line.localOnAll());
    ArrayNode points = node.putArray("drift");
    for (DriftPoint point : line.drift().points()) {
      points
          .addObject()
          .put("window", point.window())
          .put("quantity", point.quantity())
          .put("shift", point.shift())
          .put("statistic", point.statistic())
          .put("threshold", point.threshold());
    }
  }

  private static void models(ObjectNode node, Models models) {
    score(node, "localOnly", models.localOnly());
    score(node, "global", models.global());
    score(node, "pooled", models.pooled());
    score(node, "fromRandomValues", models.random());
  }

  private static void quality(ObjectNode node, Quality line) {
    node.put("model", line.model()).put("cases", line.cases()).put("n", line.count());
    estimate(node, "auroc", line.auroc());
    estimate(node, "accuracy", Optional.of(line.accuracy()));
    estimate(node, "balancedAccuracy", line.balancedAccuracy());
  }

  private static void estimate(ObjectNode node, String name, Optional<Score> score) {
    if (score.isPresent()) {
      node.putObject(name)
          .put("value", score.get().value())
          .put("low", score.get().low())
          .put("high", score.get().high());
    } else {
      node.putNull(name);
    }
  }

  private static void score(ObjectNode node, String name, Optional<Score> score) {
    if (score.isPresent()) {
      node.putObject(name)
          .put("auroc", score.get().value())
          .put("low", score.get().low())
          .put("high", score.get().high());
    } else {
      node.putNull(name);
    }
  }

  private static void process(ObjectNode node, ProcessLine line) {
    node.put("role", line.role()).put("site", line.site()).put("pid", line.pid());
    if (line.peakRssKib().isPresent()) {
      node.put("peakRssMiB", round(line.peakRssKib().getAsLong() / 1024.0));
    } else {
      node.putNull("peakRssMiB");
    }
    node.put("startSeconds", round(line.from()))
        .put("endSeconds", round(line.to()))
        .put("killed", line.killed());
  }

  private static void put(ObjectNode node, String name, Optional<Double> value) {
    if (value.isPresent()) {
      node.put(name, value.get());
    } else {
      node.putNull(name);
    }
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
