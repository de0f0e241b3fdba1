package org.consilium.sim.own.cases;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.MaskFolder.MaskCase;
import org.consilium.models.data.folder.PatientSplit;
import org.consilium.models.data.folder.View;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;

/**
 * One site's pictures with masks: those that it trains on, those that it chooses by, and those that
 * are held back, which it never sees.
 *
 * @param cases with their splits; test is held back
 * @param view how the site looks at its pictures
 * @param classes that the study knows
 */
record DrawnSite(SiteId id, List<MaskCase> cases, View view, int classes) {
  /** Part of a site's cases that are held back where nobody says how many. */
  private static final double HELD_BACK = .15;

  /** Part of the others that the site chooses by, and how many are enough for that. */
  private static final double CHOSEN_BY = .25;

  private static final int CHOSEN_BY_MAX = 12;

  DrawnSite {
    cases = List.copyOf(cases);
  }

  /**
   * Splits a site's cases, by patient: the first are held back, and of the others some are drawn.
   *
   * @param holdBack how many images at least are held back; 0 draws a part
   */
  static List<MaskCase> split(List<MaskCase> all, int holdBack, long seed) {
    Set<String> held = new HashSet<>();
    if (holdBack == 0) {
      draw(all, HELD_BACK, seed, Split.TEST).forEach(c -> held.add(c.facts().patient()));
    } else {
      int count = 0;
      for (MaskCase each : all) {
        if (count < holdBack || held.contains(each.facts().patient())) {
          held.add(each.facts().patient());
          count++;
        }
      }
    }
    List<MaskCase> others = all.stream().filter(c -> !held.contains(c.facts().patient())).toList();
    double share = Math.min(CHOSEN_BY, (double) CHOSEN_BY_MAX / Math.max(1, others.size()));
    Set<String> chosenBy = new HashSet<>();
    draw(others, share, seed, Split.VALIDATION).forEach(c -> chosenBy.add(c.facts().patient()));
    List<MaskCase> split = new ArrayList<>();
    for (MaskCase each : all) {
      String patient = each.facts().patient();
      split.add(
          in(
              each,
              held.contains(patient)
                  ? Split.TEST
                  : chosenBy.contains(patient) ? Split.VALIDATION : Split.TRAIN));
    }
    return split;
  }

  private static List<MaskCase> draw(List<MaskCase> from, double share, long seed, Split as) {
    List<String> patients = from.stream().map(c -> c.facts().patient()).toList();
    PatientSplit rule = as == Split.TEST ? new PatientSplit(0, share) : new PatientSplit(share, 0);
    List<Split> splits = rule.of(patients, new int[patients.size()], seed);
    List<MaskCase> drawn = new ArrayList<>();
    for (int i = 0; i < from.size(); i++) {
      if (splits.get(i) == as) {
        drawn.add(from.get(i));
      }
    }
    return drawn;
  }

  private static MaskCase in(MaskCase each, Split split) {
    return new MaskCase(
        each.facts(),
        split,
        each.channels(),
        each.size(),
        each.pixels(),
        each.mask(),
        each.instances());
  }

  /** Images of a split. */
  int count(Split split) {
    return (int) cases.stream().filter(c -> c.split() == split).count();
  }

  /** As the site's own node cuts them. */
  LabelledMasks tiles(Split split, ModelSpec model) {
    return seen().tiles(split, model.height(), model.channels()).orElseThrow().among(classes);
  }

  MaskFolder seen() {
    return new MaskFolder(cases, classes, true).seen(view);
  }

  /** Writes what the node may see, as a folder with masks, and its configuration. */
  Path write(Path folder, ModelSpec model) throws IOException {
    Path data = folder.resolve("data");
    Files.createDirectories(data.resolve("images"));
    Files.createDirectories(data.resolve("labels"));
    StringBuilder index = new StringBuilder("id,split\n");
    int number = 0;
    for (MaskCase each : cases) {
      if (each.split() != Split.TEST) {
        String name = "case-%06d".formatted(number++);
        png(each, each.pixels(), each.channels(), data.resolve("images/" + name + ".png"));
        png(each, each.mask(), 1, data.resolve("labels/" + name + ".png"));
        index.append("%s,%s\n".formatted(name, each.split().key()));
      }
    }
    Files.writeString(data.resolve("index.csv"), index);
    return Files.writeString(
        folder.resolve("node.yaml"),
        """
        data: %s
        invert: %b
        shrink: %d
        tile: %d
        colour: %b
        """
            .formatted(
                quoted(data), view.invert(), view.shrink(), model.height(), model.channels() == 3));
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "''") + "'";
  }

  private static void png(MaskCase each, byte[] samples, int channels, Path file)
      throws IOException {
    int height = each.size().height();
    int width = each.size().width();
    int type = channels == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
    BufferedImage image = new BufferedImage(width, height, type);
    for (int at = 0; at < height * width; at++) {
      for (int c = 0; c < channels; c++) {
        int value = samples[c * height * width + at] & 0xff;
        image.getRaster().setSample(at % width, at / width, c, value);
      }
    }
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException("write %s: no PNG writer".formatted(file.getFileName()));
    }
  }
}
