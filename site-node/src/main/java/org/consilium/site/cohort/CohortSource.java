package org.consilium.site.cohort;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.data.ImageSet;

/**
 * The local cases that a study may use. The images never leave this process; the number of training
 * examples is declared to the coordinator when the study is accepted.
 */
public sealed interface CohortSource permits NpzCohort, SyntheticCohort {
  /** Number of training examples. */
  int trainingCount();

  /** Training examples. */
  ImageSet training() throws IOException;

  /** The fixed hold-out, never trained on. */
  ImageSet holdout() throws IOException;

  /** The recent cases of a monitoring window from 1 on; empty when this site has none for it. */
  Optional<ImageSet> window(int number) throws IOException;

  /** One line for people: numbers, no paths. */
  String summary();
}
