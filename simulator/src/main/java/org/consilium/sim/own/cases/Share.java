package org.consilium.sim.own.cases;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Cases;
import org.consilium.sim.own.cut.Cut;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;

/**
 * What one site gets of cases with pictures.
 *
 * @param piece its cases
 * @param shift what its scanner changes
 */
record Share(SiteId id, Cut.Piece piece, Shift shift) {
  /** All cases, shared out as the options say. */
  static List<Share> of(Cases cases, RunOptions options, StudySheet sheet)
      throws Refusal, IOException {
    StudyPlan plan = sheet.plan();
    List<Cut.Piece> pieces = Cut.of(cases, options.cut(plan));
    List<Shift> shifts = Shift.of(options.shift(), options.sites(), options.seed());
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Cut.Piece piece = pieces.get(i);
      shares.add(new Share(sheet.site(i, piece.name()), piece, shifts.get(i)));
    }
    requireScores(cases, shares, plan);
    return List.copyOf(shares);
  }

  /** Refuses hold-outs of which nobody could release a score: no version could be chosen. */
  private static void requireScores(Cases cases, List<Share> shares, StudyPlan plan)
      throws Refusal {
    StudyPlan.Task.Type task = plan.task().type();
    if (task != StudyPlan.Task.Type.CLASSIFICATION && task != StudyPlan.Task.Type.IMAGE_TEXT) {
      return;
    }
    int most = 0;
    for (Share share : shares) {
      int[] counts = new int[plan.labels().size()];
      share.piece.holdout().forEach(place -> counts[cases.images().label(place)]++);
      most = Math.max(most, Arrays.stream(counts).min().orElse(0));
    }
    int needed = plan.protection().smallCell();
    if (most < needed) {
      throw new Refusal(
          "data: the rarest class has at most %d cases in a site's hold-out, and no score is released of fewer than %d (privacy.smallCell, 5 or more): give more cases, fewer sites, or a smaller smallCell"
              .formatted(most, needed));
    }
  }

  /** Its pictures of a split, as its scanner makes them. */
  ImageSet seen(ImageSet all, Split split) {
    return shift.apply(all.subset(piece.places(split)));
  }

  /** How many it keeps to choose by, and what its scanner changes. */
  String differs() {
    String kept = "%d kept as hold-out".formatted(piece.holdout().size());
    return shift.words().isEmpty() ? kept + "." : "%s, %s.".formatted(kept, shift.words());
  }
}
