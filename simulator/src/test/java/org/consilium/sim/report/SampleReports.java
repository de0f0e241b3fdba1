package org.consilium.sim.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.consilium.sim.report.DemoReport.Drift;
import org.consilium.sim.report.DemoReport.DriftPoint;
import org.consilium.sim.report.DemoReport.Event;
import org.consilium.sim.report.DemoReport.Models;
import org.consilium.sim.report.DemoReport.ProcessLine;
import org.consilium.sim.report.DemoReport.RoundLine;
import org.consilium.sim.report.DemoReport.Sample;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.report.DemoReport.SiteLine;

/** A report with made-up numbers, for tests of how reports are written. */
final class SampleReports {
  static final List<String> SITES = List.of("aldermoor", "birchfield", "cedarvale", "dunmore");

  private SampleReports() {}

  static DemoReport fourSites() {
    List<RoundLine> rounds = new ArrayList<>();
    for (int r = 1; r <= 30; r++) {
      Map<String, Double> global = new HashMap<>();
      Map<String, Double> local = new HashMap<>();
      Map<String, Double> weights = new HashMap<>();
      for (int s = 0; s < SITES.size(); s++) {
        global.put(SITES.get(s), .5 + .46 / (1 + Math.exp(-(r - 9.0 - s) / 2)));
        local.put(SITES.get(s), .5 + .36 / (1 + Math.exp(-(r - 16.0 + 2 * s) / 3)));
        weights.put(SITES.get(s), .25);
      }
      rounds.add(
          new RoundLine(
              r,
              14 + 3.1 * r,
              3.1,
              r == 12 ? 3 : 4,
              r == 12 ? List.of("dunmore") : List.of(),
              "%064x".formatted(r * 7919L),
              global,
              local,
              weights,
              r == 12
                  ? java.util.Map.of("dunmore", "clipped: norm 5.2 times the usual")
                  : java.util.Map.of()));
    }
    List<SiteLine> sites = new ArrayList<>();
    for (int s = 0; s < SITES.size(); s++) {
      sites.add(site(s));
    }
    Models all = new Models(Optional.empty(), score(.953), Optional.of(new Score(.941, .92, .96)));
    DemoReport.Together together =
        new DemoReport.Together(
            Optional.of(.88), Optional.of(.951), Optional.of(.94), Optional.of(.86), all, 1200);
    DemoReport.Head head =
        new DemoReport.Head(
            "mri-demo",
            "Lesions on head MRI",
            "default",
            7,
            141.2,
            "ab".repeat(32),
            29,
            306_961,
            "FedProx, 30 rounds of one epoch, batch 8",
            "2 cores, a processor, 8 GiB, Java 25",
            "real anatomy, simulated lesions, one subject",
            DemoReport.Words.DEMONSTRATION);
    return new DemoReport(
        head, rounds, sites, together, timeline(), processes(), samples(), List.of());
  }

  private static SiteLine site(int s) {
    List<DriftPoint> points = new ArrayList<>();
    double statistic = 0;
    for (int w = 1; w <= 6; w++) {
      double shift = s == 2 && w >= 3 ? 4.2 : 0.3 - 0.2 * w;
      statistic = Math.max(0, statistic + shift - .5);
      points.add(new DriftPoint(w, "LOG_LOSS_SHIFT", shift, statistic, 4.8));
      points.add(new DriftPoint(w, "AUROC_SHIFT", shift / 2, statistic / 2, 4.8));
    }
    Drift drift = s == 2 ? new Drift("CONFIRMED", 4, 3, points) : new Drift("STABLE", 0, 0, points);
    Models own = new Models(score(.86 + .02 * s), score(.94 + .01 * s), score(.93 + .01 * s));
    return new SiteLine(
        SITES.get(s),
        "Gamma 0.85, noise 2 %, more old patients.",
        120,
        30 + 9 * s,
        own,
        score(.84 + .02 * s),
        drift,
        37_000_000 + s * 40_000L,
        75_000_000);
  }

  private static Optional<Score> score(double value) {
    return Optional.of(new Score(value, value - .025, Math.min(1, value + .02)));
  }

  private static List<Event> timeline() {
    return List.of(
        new Event(0.1, "start", "coordinator", "process 4711"),
        new Event(44.2, "kill", "coordinator", "SIGKILL in round 10"),
        new Event(71.0, "kill", "birchfield", "SIGKILL while training, round 18 <&>"));
  }

  private static List<ProcessLine> processes() {
    List<ProcessLine> lines = new ArrayList<>();
    lines.add(new ProcessLine("coordinator", "", 4711, .1, 44.2, OptionalLong.of(231_000), true));
    lines.add(new ProcessLine("coordinator", "", 4802, 44.3, 140, OptionalLong.of(229_000), false));
    for (String site : SITES) {
      lines.add(new ProcessLine("site", site, 4712, 8, 140, OptionalLong.of(612_000), false));
    }
    return lines;
  }

  private static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    int side = 64;
    for (int n = 0; n < 4; n++) {
      byte[] pixels = new byte[side * side];
      byte[] mask = new byte[side * side];
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          double r = Math.hypot(x - 32, y - 32);
          pixels[y * side + x] = (byte) (r < 26 ? 90 + (x * 7 + y * 3) % 40 : 0);
          if (n % 2 == 0 && Math.hypot(x - 24, y - 28) < 5) {
            pixels[y * side + x] = (byte) 210;
            mask[y * side + x] = 1;
          }
        }
      }
      samples.add(
          new Sample(
              SITES.get(n),
              n % 2 == 0 ? 1 : 0,
              n == 3 ? .7 : n % 2 == 0 ? .97 : .04,
              side,
              pixels,
              mask));
    }
    return samples;
  }
}
