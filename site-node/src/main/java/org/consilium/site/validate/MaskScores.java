package org.consilium.site.validate;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.metrics.Drawing;
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

  /** Whole images, however many tiles each is cut into. */
  @Override
  public Counts counts() {
    return new Counts(List.of(cases.wholeImages()));
  }

  @Override
  public List<Finding> findings(Subject subject, Cases kind) {
    List<Drawing> drawings = Drawing.of(cases, logits, classes);
    List<Double> distances = new ArrayList<>();
    for (Drawing drawing : drawings) {
      if (drawing.truth().area() > 0) {
        SurfaceDistances.of(drawing.truth(), drawing.said(), PIXELS)
            .ifPresent(d -> distances.add(d.hd95()));
      }
    }
    List<Finding> found = new ArrayList<>();
    Drawing.meanDice(drawings)
        .ifPresent(dice -> found.add(Finding.plain(subject, kind, Quantity.DICE, dice)));
    if (!distances.isEmpty()) {
      found.add(Finding.plain(subject, kind, Quantity.SURFACE_DISTANCE, mean(distances)));
    }
    return found;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum() / values.size();
  }
}
