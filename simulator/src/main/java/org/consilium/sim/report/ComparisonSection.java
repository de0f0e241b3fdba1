package org.consilium.sim.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.sim.report.DemoReport.SiteLine;

/** What each model is worth, side by side. */
final class ComparisonSection {
  private final DemoReport report;

  private ComparisonSection(DemoReport report) {
    this.report = report;
  }

  static String of(DemoReport report) {
    return new ComparisonSection(report).html();
  }

  private String html() {
    StringBuilder body = new StringBuilder();
    body.append(
        Html.paragraph(
            report.head().words().tests()
                + " Bars start at the foot of the axis, whiskers are 95 % intervals."));
    boolean both = report.together().randomMean().isPresent();
    body.append(
        both
            ? Html.key(
                "bar f7 open",
                "local-only",
                "bar f0",
                "global (federated, from the pre-trained checkpoint)",
                "bar f2",
                "the same from random values",
                "bar f4",
                "pooled")
            : Html.key(
                "bar f7 open", "local-only", "bar f0", "global (federated)", "bar f4", "pooled"));
    body.append(
        Html.figure(
            report.head().words().own(),
            "Each local-only model is judged at home, where it is strongest.",
            Charts.ownTests(report).svg()));
    Table own =
        both
            ? new Table("centre", "local-only", "global", "from random values", "pooled")
            : new Table("centre", "local-only", "global", "pooled");
    for (SiteLine site : report.sites()) {
      List<Object> row = new ArrayList<>();
      row.add(site.id());
      row.add(Html.score(site.own().localOnly()));
      row.add(Html.score(site.own().global()));
      if (both) {
        row.add(Html.score(site.own().random()));
      }
      row.add(Html.score(site.own().pooled()));
      own.row(row.toArray());
    }
    body.append(own.folded("The numbers, with 95 % intervals"));
    body.append(
        Html.figure(
            "%s (%d)".formatted(report.head().words().all(), report.together().testCases()),
            "How each model does on the patients of every centre.",
            Charts.allTests(report).svg()));
    Table all = new Table("model", "AUROC");
    for (SiteLine site : report.sites()) {
      all.row(site.id() + " alone", Html.score(site.localOnAll()));
    }
    all.row("global", Html.score(report.together().onAll().global()));
    if (both) {
      all.row("from random values", Html.score(report.together().onAll().random()));
    }
    all.row("pooled", Html.score(report.together().onAll().pooled()));
    body.append(all.folded("The numbers, with 95 % intervals"));
    qualities(body);
    return Html.section("comparison", "Is it worth it?", body.toString());
  }

  private void qualities(StringBuilder body) {
    if (report.qualities().isEmpty()) {
      return;
    }
    Table table = new Table("model", "cases", "n", "AUROC", "accuracy", "balanced accuracy");
    for (DemoReport.Quality q : report.qualities()) {
      table.row(
          q.model(),
          q.cases(),
          q.count(),
          Html.score(q.auroc()),
          Html.score(Optional.of(q.accuracy())),
          Html.score(q.balancedAccuracy()));
    }
    body.append(Html.paragraph("Accuracies are at probability 0.5; 95 % intervals in brackets."));
    body.append(table.open());
  }
}
