package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.SiteId;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;
import org.consilium.sim.report.DemoReport;

/**
 * What a run does differently for each kind of question: the sites' cases and how models are judged
 * on them.
 *
 * @param <P> what is known of the pooled model
 */
public interface OwnWork<P> {
  /**
   * Reads and shares out the cases of a run.
   *
   * @throws Refusal if they do not fit the study; one line
   */
  static OwnWork<?> of(RunOptions options, StudySheet sheet) throws Refusal, IOException {
    return switch (sheet.plan().task().type()) {
      case CLASSIFICATION -> PictureWork.of(options, sheet);
      case SEGMENTATION -> DrawnWork.of(options, sheet);
      case MULTILABEL, MASKED, CONTRASTIVE, IMAGE_TEXT -> ReleasedWork.of(options, sheet);
    };
  }

  /** The sites, in the order of all results. */
  List<SiteId> sites();

  /** One line a site, for people. */
  List<String> describe();

  /**
   * Writes a site's cases.
   *
   * @param place of the site in {@link #sites}
   * @param folder the site's own
   * @return arguments of its node that name them
   */
  List<String> place(int place, Path folder) throws IOException;

  /** Trains and judges the pooled model; nothing when it was stopped or diverged. */
  Optional<P> pooled() throws IOException;

  /** Judges all models. */
  DemoReport report(Federation.Harvest harvest, Timeline timeline, Optional<P> pooled)
      throws IOException;
}
