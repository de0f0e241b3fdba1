package org.consilium.sim.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.BundledSlices;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.SiteKnobs;
import org.consilium.models.data.Split;

/**
 * Makes a site's cases and writes them where its node finds them. A case is a function of seed,
 * site, split and number, so that any part can be made again. Safe for several threads.
 */
public final class CaseFiles {
  private final LesionCases cases;
  private final Counts counts;
  private final long seed;

  /**
   * How many cases.
   *
   * @param train at each site
   * @param holdout at each site
   * @param test at each site
   * @param window fresh cases in each monitoring window
   * @param windows monitoring windows
   * @param side pixels
   */
  public record Counts(int train, int holdout, int test, int window, int windows, int side) {}

  private CaseFiles(LesionCases cases, Counts counts, long seed) {
    this.cases = cases;
    this.counts = counts;
    this.seed = seed;
  }

  /** A maker of the bundled head's cases. */
  public static CaseFiles of(Counts counts, long seed) {
    return new CaseFiles(LesionCases.on(BundledSlices.colin(), counts.side), counts, seed);
  }

  /** What must be said wherever the cases are shown. */
  public String label() {
    return cases.label();
  }

  /** Training and hold-out cases, into {@code file}; returns the training cases. */
  public ImageSet writeTraining(SimulatedSite site, Path file) throws IOException {
    ImageSet train = cases.cases(site.knobs(), Split.TRAIN, seed, 0, counts.train);
    ImageSet holdout = cases.cases(site.knobs(), Split.VALIDATION, seed, 0, counts.holdout);
    Files.createDirectories(file.toAbsolutePath().getParent());
    NpzWriter.write(file, Map.of(Split.TRAIN, train, Split.VALIDATION, holdout));
    return train;
  }

  /** All three splits with their texts, into {@code file}. */
  public void writeAll(SimulatedSite site, Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Map<Split, ImageSet> images = new EnumMap<>(Split.class);
    Map<Split, List<String>> texts = new EnumMap<>(Split.class);
    for (Split split : Split.values()) {
      int count =
          switch (split) {
            case TRAIN -> counts.train;
            case VALIDATION -> counts.holdout;
            case TEST -> counts.test;
          };
      LesionCases.CaseBatch made = cases.casesWithMasks(site.knobs(), split, seed, 0, count);
      images.put(split, made.images());
      texts.put(split, made.texts());
    }
    NpzWriter.write(file, images, texts);
  }

  /** The files {@code window-0001.npz} and on, into {@code folder}; cases no one has seen. */
  public void writeWindows(SimulatedSite site, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (int window = 1; window <= counts.windows; window++) {
      boolean degraded = site.onsetWindow() > 0 && window >= site.onsetWindow();
      SiteKnobs knobs = degraded ? site.degraded() : site.knobs();
      int first = counts.holdout + (window - 1) * counts.window;
      ImageSet fresh = cases.cases(knobs, Split.VALIDATION, seed, first, counts.window);
      NpzWriter.write(
          folder.resolve("window-%04d.npz".formatted(window)), Map.of(Split.VALIDATION, fresh));
    }
  }

  /** The site's test cases, with lesion masks; they are not given to its node. */
  public LesionCases.CaseBatch test(SimulatedSite site) {
    return cases.casesWithMasks(site.knobs(), Split.TEST, seed, 0, counts.test);
  }
}
