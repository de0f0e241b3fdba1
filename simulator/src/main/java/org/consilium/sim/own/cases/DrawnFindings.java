package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.models.data.Split;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.ReportLines;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.DemoReport.DrawnLine;

/** From what a run on pictures with masks left behind to its report. */
final class DrawnFindings {
  private final Inputs inputs;
  private final Federation.Harvest harvest;
  private final Judge judge;

  record Inputs(RunOptions options, StudyPlan plan, List<DrawnSite> sites, Timeline timeline) {}

  /** Judges a model's file on the held-back images of some sites, in their order. */
  interface Judge {
    DrawnWork.Dices of(Path file, List<DrawnSite> sites) throws IOException;
  }

  DrawnFindings(Inputs inputs, Federation.Harvest harvest, Judge judge) {
    this.inputs = inputs;
    this.harvest = harvest;
    this.judge = judge;
  }

  static String differs(DrawnSite site) {
    StringBuilder words = new StringBuilder();
    words.append(
        "%d to choose by, %d held back"
            .formatted(site.count(Split.VALIDATION), site.count(Split.TEST)));
    if (site.view().invert()) {
      words.append(", inverted");
    }
    if (site.view().shrink() > 1) {
      words.append(", made smaller by ").append(site.view().shrink());
    }
    return words.append('.').toString();
  }

  DemoReport report(Optional<DrawnWork.Dices> pooled) throws IOException {
    long parameters;
    try (SafetensorsFile file = SafetensorsFile.open(harvest.model())) {
      parameters = file.layout().length();
    }
    DrawnWork.Dices global = judge.of(harvest.model(), inputs.sites);
    List<DrawnLine> drawn = new ArrayList<>();
    List<DemoReport.SiteLine> lines = new ArrayList<>();
    for (int i = 0; i < inputs.sites.size(); i++) {
      drawn.add(drawn(i, global, pooled));
      lines.add(line(i));
    }
    return new DemoReport(
        new RunHead(inputs.options, inputs.plan, harvest.end(), inputs.timeline)
            .with(parameters, words()),
        ReportLines.rounds(harvest.end(), inputs.timeline),
        lines,
        together(drawn),
        inputs.timeline.events(),
        ReportLines.processes(harvest.lives(), inputs.timeline),
        List.of(),
        List.of(),
        drawn);
  }

  private DrawnLine drawn(int place, DrawnWork.Dices global, Optional<DrawnWork.Dices> pooled)
      throws IOException {
    DrawnSite site = inputs.sites.get(place);
    Path words = harvest.own(place, "kept.txt");
    String kept =
        Files.exists(words)
            ? Files.readString(words)
                .lines()
                .filter(line -> line.startsWith("kept "))
                .map(line -> line.substring(5).toLowerCase(Locale.ROOT).replace('_', '-'))
                .findFirst()
                .orElse("")
            : "";
    return new DrawnLine(
        site.id().value(),
        site.count(Split.TRAIN),
        site.count(Split.VALIDATION),
        site.count(Split.TEST),
        dice(place, "local-only.safetensors"),
        pooled.flatMap(all -> at(all, place)),
        at(global, place),
        dice(place, "personal.safetensors"),
        dice(place, "kept.safetensors"),
        kept);
  }

  private Optional<Double> dice(int place, String name) throws IOException {
    Path file = harvest.own(place, name);
    return Files.exists(file)
        ? at(judge.of(file, List.of(inputs.sites.get(place))), 0)
        : Optional.empty();
  }

  private static Optional<Double> at(DrawnWork.Dices dices, int place) {
    OptionalDouble dice = dices.perSite().get(place);
    return dice.isPresent() ? Optional.of(dice.getAsDouble()) : Optional.empty();
  }

  private DemoReport.SiteLine line(int place) {
    DrawnSite site = inputs.sites.get(place);
    StudyView.Site seen = ReportLines.site(harvest.end(), site.id().value());
    return new DemoReport.SiteLine(
        site.id().value(),
        differs(site),
        site.count(Split.TRAIN),
        (int)
            site.cases().stream()
                .filter(c -> c.split() == Split.TRAIN && foreground(c.mask()))
                .count(),
        new DemoReport.Models(Optional.empty(), Optional.empty(), Optional.empty()),
        Optional.empty(),
        ReportLines.drift(seen, 0),
        seen.bytesUp(),
        seen.bytesDown());
  }

  private static boolean foreground(byte[] mask) {
    for (byte value : mask) {
      if (value != 0) {
        return true;
      }
    }
    return false;
  }

  private static DemoReport.Together together(List<DrawnLine> drawn) {
    return new DemoReport.Together(
        DemoReport.mean(drawn, DrawnLine::alone),
        DemoReport.mean(drawn, DrawnLine::global),
        DemoReport.mean(drawn, DrawnLine::pooled),
        Optional.empty(),
        new DemoReport.Models(Optional.empty(), Optional.empty(), Optional.empty()),
        drawn.stream().mapToInt(DrawnLine::heldBack).sum());
  }

  private DemoReport.Words words() {
    return new DemoReport.Words(
        "The processes, encryption, training and numbers are real; the hospitals are not."
            + " It supports no clinical claim.",
        "with any foreground",
        "Hold-outs are small where a site is.",
        "Held-back images were used for nothing before: neither to train nor to choose. Dice is"
            + " the mean over them, each put together of its tiles, at the size at which the site"
            + " looks at its pictures.",
        "On each site's held-back images",
        "",
        "the hospitals: the cases were shared out by %s with seed %d."
            .formatted(inputs.options.partition().words(), inputs.options.seed()),
        "Dice");
  }
}
