package org.consilium.sim.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.consilium.models.data.SiteKnobs;
import org.consilium.protocol.SiteId;

/**
 * One simulated hospital.
 *
 * @param knobs how its cases differ
 * @param degraded the same after its scanner degrades; equal to knobs for most
 * @param onsetWindow first monitoring window with the degraded scanner; 0 for never
 */
public record SimulatedSite(SiteKnobs knobs, SiteKnobs degraded, int onsetWindow) {
  /** Most sites that have a name. */
  public static final int SITES_MAX = 12;

  private static final List<String> NAMES =
      List.of(
          "aldermoor",
          "birchfield",
          "cedarvale",
          "dunmore",
          "elmstead",
          "fernhill",
          "greywell",
          "hollinside",
          "ivybridge",
          "juniper-hill",
          "kingsoak",
          "lindenau");

  /** Which of the sites drifts, straggles or dies. */
  private static final int TROUBLED = 2;

  private static final int ONSET_WINDOW = 3;

  /**
   * What becomes of the drifting scanner: it shows dark tissue too bright, blurred and noisy. A
   * fault within the everyday ranges does not move the model's scores, and one of sharpness alone
   * does not move a transformer's (bench/RESULTS.md).
   */
  private static SiteKnobs broken(SiteKnobs knobs) {
    return knobs.withAcquisition(0.6, 2, 0.1);
  }

  /** The site's name. */
  public SiteId id() {
    return knobs.site();
  }

  /** The sites of a scenario. */
  public static List<SimulatedSite> of(Scenario scenario, int sites, long seed) {
    if (sites < 2 || sites > SITES_MAX) {
      throw new IllegalArgumentException("sites must be 2-%d, got %d".formatted(SITES_MAX, sites));
    }
    List<SimulatedSite> all = new ArrayList<>();
    List<SiteKnobs> known = SiteKnobs.demonstration();
    for (int i = 0; i < sites; i++) {
      SiteId id = new SiteId(NAMES.get(i));
      SiteKnobs knobs = SiteKnobs.of(id);
      if (scenario.skewed()) {
        knobs = i < known.size() ? known.get(i) : SiteKnobs.drawn(id, seed);
      }
      boolean drifts = scenario.drifting() && i == troubled(sites);
      all.add(new SimulatedSite(knobs, drifts ? broken(knobs) : knobs, drifts ? ONSET_WINDOW : 0));
    }
    return List.copyOf(all);
  }

  /** Place of the site that drifts, straggles or dies. */
  public static int troubled(int sites) {
    return Math.min(TROUBLED, sites - 1);
  }

  /** How its data differ, in words. */
  public String differs() {
    List<String> words = new ArrayList<>();
    words.add("drawn with a lesion in %.0f %% of cases".formatted(100 * knobs.prevalence()));
    words.add("%.0f %% old patients".formatted(100 * knobs.oldShare()));
    if (knobs.gamma() != 1) {
      words.add(String.format(Locale.ROOT, "gamma %.2f", knobs.gamma()));
    }
    if (knobs.blurMm() > 0) {
      words.add(String.format(Locale.ROOT, "blur %.1f mm", knobs.blurMm()));
    }
    words.add(String.format(Locale.ROOT, "noise %.1f %%", 100 * knobs.noise()));
    if (knobs.bias() > 0) {
      words.add("bias field %.0f %%".formatted(100 * knobs.bias()));
    }
    return String.join(", ", words) + ".";
  }
}
