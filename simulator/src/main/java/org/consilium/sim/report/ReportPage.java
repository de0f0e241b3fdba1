package org.consilium.sim.report;

import java.util.List;
import java.util.Optional;
import org.consilium.sim.chart.Markup;
import org.consilium.sim.report.DemoReport.DriftPoint;
import org.consilium.sim.report.DemoReport.Event;
import org.consilium.sim.report.DemoReport.Head;
import org.consilium.sim.report.DemoReport.ProcessLine;
import org.consilium.sim.report.DemoReport.RoundLine;
import org.consilium.sim.report.DemoReport.Sample;
import org.consilium.sim.report.DemoReport.SiteLine;
import org.consilium.sim.report.DemoReport.Together;

/**
 * The report as one page without any outside resource: charts as inline SVG, pictures as data URIs,
 * each chart with a caption and its numbers as a table.
 */
final class ReportPage {
  private final DemoReport report;
  private final StringBuilder page = new StringBuilder(1 << 18);

  private ReportPage(DemoReport report) {
    this.report = report;
  }

  static String of(DemoReport report) {
    return new ReportPage(report).write();
  }

  private String write() {
    Head head = report.head();
    page.append(
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Consilium: %s</title>
        <style>
        %s</style></head><body><main>
        <header><h1>%s</h1>
        <p class="lead">Study <code>%s</code>, scenario %s, seed %d. %s.</p></header>
        <div class="banner" role="note"><p><strong>%s.</strong> %s</p></div>
        """
            .formatted(
                Markup.escape(head.title()),
                Html.style(),
                Markup.escape(head.title()),
                Markup.escape(head.study()),
                Markup.escape(head.scenario()),
                head.seed(),
                Markup.escape(head.plan()),
                Markup.escape(capital(head.label())),
                Markup.escape(head.words().banner())));
    tiles();
    convergence();
    if (!report.drawn().isEmpty()) {
      page.append(DrawnSection.of(report));
    } else if (report.together().testCases() > 0) {
      page.append(ComparisonSection.of(report));
    }
    drift();
    samples();
    timeline();
    traffic();
    processes();
    meaning();
    page.append("</main></body></html>\n");
    return page.toString();
  }

  private void tiles() {
    Together t = report.together();
    page.append("<div class=\"tiles\">");
    tile(
        "key",
        t.globalMean().map(v -> Html.decimal(v, 3)),
        "global model, mean %s of sites".formatted(measure()));
    tile(
        "", t.localOnlyMean().map(v -> Html.decimal(v, 3)), "local-only models, mean " + measure());
    if (t.pooledMean().isPresent() || t.testCases() > 0) {
      tile("", t.pooledMean().map(v -> Html.decimal(v, 3)), "pooled model (all data in one place)");
    }
    if (t.randomMean().isPresent()) {
      tile(
          "",
          t.randomMean().map(v -> Html.decimal(v, 3)),
          "the same federation from random values, not pre-trained");
    }
    long rounds = report.rounds().stream().filter(r -> r.accepted() > 0).count();
    tile("", Optional.of(Long.toString(rounds)), "rounds over mutual TLS");
    long kills = report.timeline().stream().filter(e -> e.kind().equals("kill")).count();
    if (kills > 0) {
      tile("", Optional.of(Long.toString(kills)), "processes killed on purpose");
    }
    tile("", Optional.of(Html.seconds(report.head().wallSeconds())), "from start to end");
    page.append("</div>\n");
  }

  private String measure() {
    return report.head().words().measure();
  }

  private void tile(String style, Optional<String> value, String words) {
    page.append("<div class=\"tile ")
        .append(style)
        .append("\"><b>")
        .append(Markup.escape(value.orElse("–")))
        .append("</b><span>")
        .append(Markup.escape(words))
        .append("</span></div>");
  }

  private void convergence() {
    StringBuilder body = new StringBuilder();
    body.append(
        Html.paragraph(
            "After each round every centre judges the new global model, and the model it trains on"
                + " its own data alone, on its own hold-out, and releases the two numbers. "
                + report.head().words().convergence()));
    body.append(Html.key("line c0", "global model", "line c7 dash", "local-only model"));
    body.append("<div class=\"panels\">");
    for (int i = 0; i < report.sites().size(); i++) {
      SiteLine site = report.sites().get(i);
      body.append(
          Html.figure(
              site.id(),
              "%d training cases, %d %s. %s"
                  .formatted(
                      site.samples(),
                      site.positives(),
                      report.head().words().positive(),
                      site.differs()),
              Charts.convergence(report, site, Charts.colour(i)).svg()));
    }
    body.append("</div>");
    Table table =
        new Table("round", "centre", "global " + measure(), "local-only " + measure(), "weight");
    for (RoundLine round : report.rounds()) {
      for (SiteLine site : report.sites()) {
        table.row(
            round.number(),
            site.id(),
            number(Optional.ofNullable(round.global().get(site.id()))),
            number(Optional.ofNullable(round.localOnly().get(site.id()))),
            number(Optional.ofNullable(round.weights().get(site.id()))));
      }
    }
    body.append(table.folded("The numbers, and each centre's weight in the mean"));
    page.append(Html.section("convergence", "Convergence at each centre", body.toString()));
  }

  private void drift() {
    boolean watched = report.sites().stream().anyMatch(s -> !s.drift().points().isEmpty());
    if (!watched) {
      return;
    }
    StringBuilder body = new StringBuilder();
    body.append(
        Html.paragraph(
            "After the last round the released model is watched: window by window each centre"
                + " compares fresh cases with its hold-out, and the coordinator feeds the"
                + " standardised change to a one-sided CUSUM."));
    body.append(
        Html.key(
            "line c0", "log loss", "line c7 dots", "AUROC", "line c1 dash", "alarm threshold"));
    body.append("<div class=\"panels\">");
    double top = Charts.driftTop(report);
    Table table =
        new Table("centre", "window", "quantity", "shift", "statistic", "threshold", "alarm");
    for (int i = 0; i < report.sites().size(); i++) {
      SiteLine site = report.sites().get(i);
      body.append(
          Html.figure(
              site.id() + ": " + site.drift().verdict().toLowerCase(java.util.Locale.ROOT),
              driftCaption(site),
              Charts.drift(site, Charts.colour(i), top).svg()));
      for (DriftPoint p : site.drift().points()) {
        table.row(
            site.id(),
            p.window(),
            p.quantity(),
            p.shift(),
            p.statistic(),
            p.threshold(),
            p.statistic() > p.threshold() ? "yes" : "no");
      }
    }
    body.append("</div>").append(table.folded("The numbers"));
    page.append(Html.section("drift", "Drift, centre by centre", body.toString()));
  }

  private static String driftCaption(SiteLine site) {
    int alarm = site.drift().firstAlarmWindow();
    int onset = site.drift().onsetWindow();
    String said = alarm > 0 ? "First alarm in window " + alarm + "." : "No alarm.";
    return onset > 0
        ? said + " Its scanner really degrades from window %d on.".formatted(onset)
        : said + " Nothing was changed here.";
  }

  private void samples() {
    if (report.samples().isEmpty()) {
      return;
    }
    StringBuilder body = new StringBuilder();
    body.append(
        Html.paragraph(
            "Test cases with the global model's probability of a lesion. The orange outline is the"
                + " simulated lesion; the model never sees it."));
    body.append("<div class=\"samples\">");
    for (Sample s : report.samples()) {
      boolean right = s.label() == 1 == s.probability() >= 0.5;
      String truth = s.label() == 1 ? "lesion" : "no lesion";
      body.append(
          """
          <figure><img src="%s" alt="Head slice from %s, %s">
          <figcaption><b>%s</b>: %s<br>predicted <span%s>%s %%</span></figcaption></figure>
          """
              .formatted(
                  CaseImage.dataUri(s),
                  Markup.escape(s.site()),
                  truth,
                  Markup.escape(s.site()),
                  truth,
                  right ? "" : " class=\"wrong\"",
                  Html.decimal(100 * s.probability(), 0)));
    }
    body.append("</div>\n");
    page.append(Html.section("samples", "What the model looked at", body.toString()));
  }

  private void timeline() {
    StringBuilder body = new StringBuilder();
    body.append(
        Html.figure(
            "Rounds and processes",
            "Each bar in the lower rows is one life of one process; a cross is a SIGKILL, after"
                + " which the process is started again and goes on where its journal ends.",
            Charts.timeline(report).svg()));
    Table table = new Table("at", "what", "who", "said");
    for (Event e : report.timeline()) {
      table.row(Html.seconds(e.at()), e.kind(), e.subject(), e.text());
    }
    body.append(table.folded("All events"));
    Table rounds = new Table("round", "seconds", "updates", "missing", "model version");
    for (RoundLine r : report.rounds()) {
      rounds.row(
          r.number(),
          r.seconds(),
          r.accepted(),
          r.missing().isEmpty() ? "none" : String.join(", ", r.missing()),
          r.modelVersion());
    }
    body.append(rounds.folded("All rounds"));
    Table remarks = new Table("round", "site", "its update");
    for (RoundLine r : report.rounds()) {
      r.remarks().forEach((site, remark) -> remarks.row(r.number(), site, remark));
    }
    if (report.rounds().stream().anyMatch(r -> !r.remarks().isEmpty())) {
      body.append(remarks.folded("What was said of updates"));
    }
    page.append(Html.section("timeline", "What happened when", body.toString()));
  }

  private void traffic() {
    StringBuilder body = new StringBuilder();
    body.append(Html.key("bar f2", "sent (encrypted updates)", "bar f5 open", "received (models)"));
    body.append(
        Html.figure(
            "Bytes by centre",
            "Sent over the whole study; received since the coordinator was last started. No image,"
                + " label or identity leaves a centre; what left is in its ledger beside this"
                + " page.",
            Charts.bytes(report).svg()));
    Table table = new Table("centre", "sent", "received");
    for (SiteLine site : report.sites()) {
      table.row(
          site.id(),
          Html.mebibytes((double) site.bytesUp()),
          Html.mebibytes((double) site.bytesDown()));
    }
    body.append(table.folded("The numbers"));
    page.append(Html.section("traffic", "What crossed the hospitals' walls", body.toString()));
  }

  private void processes() {
    Table table = new Table("process", "pid", "from", "to", "peak memory", "end");
    for (ProcessLine p : report.processes()) {
      table.row(
          Charts.name(p),
          Long.toString(p.pid()),
          Html.seconds(p.from()),
          Html.seconds(p.to()),
          p.peakRssKib().isPresent() ? Html.mebibytes(p.peakRssKib().getAsLong() * 1024.0) : "–",
          p.killed() ? "killed" : "stopped");
    }
    String machine = Html.paragraph("Measured on: " + report.head().machine() + ".");
    page.append(Html.section("processes", "Processes and peak memory", table.open() + machine));
  }

  private void meaning() {
    Head head = report.head();
    String body =
        """
        <ul class="plain">
        <li><strong>Real:</strong> one coordinator and the site processes, each a Java process of its own; \
        certificates from a throw-away authority; mutual TLS 1.3; encrypted and signed updates, masked unless sealed was asked for; integer aggregation; \
        journals and ledgers; training and every number on this page.</li>
        <li><strong>Simulated:</strong> %s</li>
        <li><strong>On this machine only:</strong> the rounding secrets of the sites come from the seed, so \
        that one seed gives one model digest. A hospital's node draws its own.</li>
        </ul>
        <footer><p>Best model: round %d, %,d parameters, SHA-256 <code>%s</code></p></footer>
        """
            .formatted(
                Markup.escape(head.words().simulated()),
                head.bestRound(),
                head.parameters(),
                Markup.escape(head.modelDigest()));
    page.append(Html.section("meaning", "What is real and what is simulated", body));
  }

  /** A legend from pairs of style and words. */
  private static String number(Optional<Double> value) {
    return value.map(v -> Html.decimal(v, 3)).orElse("–");
  }

  private static String capital(String words) {
    return words.isEmpty() ? words : Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }

  /** Names of the sections, for tests. */
  static List<String> sections() {
    return List.of("convergence", "comparison", "timeline", "traffic", "processes", "meaning");
  }
}
