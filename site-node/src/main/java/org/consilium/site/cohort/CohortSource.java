package org.consilium.site.cohort;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.Patients;
import org.consilium.models.data.Split;
import org.consilium.models.data.manifest.SiteManifest;

/**
 * The local cases that a study may use. The images never leave this process; the number of training
 * examples is declared to the coordinator when the study is accepted.
 */
public sealed interface CohortSource permits FolderCohort, MaskCohort, NpzCohort, SyntheticCohort {
  /** Number of training examples. */
  int trainingCount();

  /** Training examples with one class each. */
  ImageSet training() throws IOException;

  /** The fixed hold-out, never trained on. */
  ImageSet holdout() throws IOException;

  /**
   * Training or hold-out examples with a class a pixel; empty when these cases have no masks.
   *
   * @param split train or validation
   * @param classes that the study knows, the background among them
   */
  default Optional<LabelledMasks> masks(Split split, int classes) throws IOException {
    return Optional.empty();
  }

  /**
   * Training or hold-out examples with several findings each; empty when these cases have none.
   *
   * @param split train or validation
   */
  default Optional<LabelledFindings> findings(Split split) throws IOException {
    return Optional.empty();
  }

  /**
   * Training or hold-out examples with a text each; empty when these cases have none.
   *
   * @param split train or validation
   */
  default Optional<LabelledTexts> texts(Split split) throws IOException {
    return Optional.empty();
  }

  /**
   * Whose the training examples are, in their order: for training that hides each patient.
   *
   * @throws IOException if it cannot be read
   */
  Patients patients() throws IOException;

  /** The recent cases of a monitoring window from 1 on; empty when this site has none for it. */
  Optional<ImageSet> window(int number) throws IOException;

  /** One line for people: numbers, no paths. */
  String summary();

  /** What this node would use, for the hospital's own eyes; empty without any image. */
  Optional<SiteManifest> manifest() throws IOException;
}
