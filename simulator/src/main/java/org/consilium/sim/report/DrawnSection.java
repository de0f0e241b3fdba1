package org.consilium.sim.report;

import java.util.List;
import java.util.Optional;
import org.consilium.sim.report.DemoReport.DrawnLine;

/** What each model draws at each centre, as a table. */
final class DrawnSection {
  private DrawnSection() {}

  static String of(DemoReport report) {
    Table table =
        new Table(
            "centre",
            "images to train on",
            "to choose by",
            "held back",
            "alone",
            "pooled",
            "global",
            "personal",
            "kept",
            "which is",
            "kept − alone");
    for (DrawnLine line : report.drawn()) {
      table.row(
          line.site(),
          line.training(),
          line.chosenBy(),
          line.heldBack(),
          number(line.alone()),
          number(line.pooled()),
          number(line.global()),
          number(line.personal()),
          number(line.kept()),
          line.choice(),
          difference(line.kept(), line.alone()));
    }
    List<DrawnLine> all = report.drawn();
    Optional<Double> alone = DemoReport.mean(all, DrawnLine::alone);
    Optional<Double> kept = DemoReport.mean(all, DrawnLine::kept);
    table.row(
        "mean",
        "",
        "",
        report.together().testCases(),
        number(alone),
        number(DemoReport.mean(all, DrawnLine::pooled)),
        number(DemoReport.mean(all, DrawnLine::global)),
        number(DemoReport.mean(all, DrawnLine::personal)),
        number(kept),
        "",
        difference(kept, alone));
    String body =
        Html.paragraph(report.head().words().tests())
            + Html.paragraph(
                "Alone: trained on the centre's own images, as many steps as federation and further"
                    + " training together. Kept: the best of global, personal and alone on the"
                    + " images to choose by.")
            + table.open();
    return Html.section("comparison", "Is it worth it?", body);
  }

  private static String number(Optional<Double> value) {
    return value.map(v -> Html.decimal(v, 3)).orElse("–");
  }

  private static String difference(Optional<Double> one, Optional<Double> other) {
    return one.isPresent() && other.isPresent()
        ? String.format(java.util.Locale.ROOT, "%+.3f", one.get() - other.get())
        : "–";
  }
}
