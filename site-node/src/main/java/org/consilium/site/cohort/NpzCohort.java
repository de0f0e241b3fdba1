package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;
import org.consilium.models.data.manifest.SiteManifest;

/** Cases in one {@code .npz} file, and beside it a folder with one file for each window. */
final class NpzCohort implements CohortSource {
  private final Windows windows;
  private final ImageSet training;
  private final ImageSet holdout;

  private NpzCohort(Windows windows, ImageSet training, ImageSet holdout) {
    this.windows = windows;
    this.training = training;
    this.holdout = holdout;
  }

  static NpzCohort open(Path file, Path windows) throws IOException {
    ImageSet training = Windows.split(file, Split.TRAIN);
    ImageSet holdout = Windows.split(file, Split.VALIDATION);
    if (training.imageLength() != holdout.imageLength() || training.height() != holdout.height()) {
      throw new IOException(
          "open cohort %s: train images are %dx%d, val images %dx%d"
              .formatted(
                  file.getFileName(),
                  training.height(),
                  training.width(),
                  holdout.height(),
                  holdout.width()));
    }
    return new NpzCohort(new Windows(windows), training, holdout);
  }

  @Override
  public int trainingCount() {
    return training.count();
  }

  @Override
  public ImageSet training() {
    return training;
  }

  @Override
  public ImageSet holdout() {
    return holdout;
  }

  @Override
  public Optional<ImageSet> window(int number) throws IOException {
    return windows.read(number);
  }

  @Override
  public String summary() {
    return FolderCohort.summary(training, holdout);
  }

  @Override
  public Optional<SiteManifest> manifest() {
    return Optional.of(
        SiteManifest.of(
            Map.of(Split.TRAIN, training, Split.VALIDATION, holdout), Map.of(), List.of()));
  }
}
