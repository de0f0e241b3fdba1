package org.consilium.site.cohort;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Patients;
import org.consilium.models.data.manifest.SiteManifest;

/**
 * A number of cases without any image, for measuring what a round costs. It fits studies of the
 * architecture {@code synthetic} only.
 *
 * @param trainingCount declared training examples
 */
record SyntheticCohort(int trainingCount) implements CohortSource {
  SyntheticCohort {
    if (trainingCount < 1 || trainingCount > 1_000_000) {
      throw new IllegalArgumentException(
          "synthetic cohort must have 1-1000000 examples, got " + trainingCount);
    }
  }

  @Override
  public ImageSet training() throws IOException {
    throw new IOException("open cohort: synthetic cases have no images");
  }

  @Override
  public ImageSet holdout() throws IOException {
    throw new IOException("open cohort: synthetic cases have no images");
  }

  @Override
  public Patients patients() {
    return Patients.untold(trainingCount);
  }

  @Override
  public Optional<ImageSet> window(int number) {
    return Optional.empty();
  }

  @Override
  public String summary() {
    return trainingCount + " synthetic training examples";
  }

  @Override
  public Optional<SiteManifest> manifest() {
    return Optional.empty();
  }
}
