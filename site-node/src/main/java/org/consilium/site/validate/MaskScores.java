package org.consilium.site.validate;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.metrics.Mask;
import org.consilium.models.metrics.SurfaceDistances;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/**
 * One class a pixel: means over the images that have any foreground of Dice and of the 95th
 * percentile of the surface distance in pixels, foreground against background.
 */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
record MaskScores(LabelledMasks cases, double[] logits, int classes) implements Judged {
  private static final SurfaceDistances.Spacing PIXELS = new SurfaceDistances.Spacing(1, 1);

  @Override
  public Counts counts() {
    return new Counts(List.of(cases.count()));
  }

  @Override
  public List<Finding> findings(Subject subject, Cases kind) {
    List<Double> dices = new ArrayList<>();
    List<Double> distances = new ArrayList<>();
    for (int i = 0; i < cases.count(); i++) {
      Mask truth = truth(i);
      if (truth.area() > 0) {
        Mask said = said(i);
        dices.add(Mask.dice(truth, said).orElse(0));
        SurfaceDistances.of(truth, said, PIXELS).ifPresent(d -> distances.add(d.hd95()));
      }
    }
    List<Finding> found = new ArrayList<>();
    if (!dices.isEmpty()) {
      found.add(Finding.plain(subject, kind, Quantity.DICE, mean(dices)));
    }
    if (!distances.isEmpty()) {
      found.add(Finding.plain(subject, kind, Quantity.SURFACE_DISTANCE, mean(distances)));
    }
    return found;
  }

  private Mask truth(int image) {
    boolean[] inside = new boolean[cases.area()];
    for (int at = 0; at < inside.length; at++) {
      inside[at] = cases.mask(image, at) > 0;
    }
    return new Mask(cases.images().height(), cases.images().width(), inside);
  }

  private Mask said(int image) {
    int area = cases.area();
    boolean[] inside = new boolean[area];
    int first = image * classes * area;
    for (int at = 0; at < area; at++) {
      if (classes == 1) {
        inside[at] = logits[first + at] > 0;
        continue;
      }
      double most = logits[first + at];
      for (int c = 1; c < classes; c++) {
        inside[at] |= logits[first + c * area + at] > most;
      }
    }
    return new Mask(cases.images().height(), cases.images().width(), inside);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum() / values.size();
  }
}
