package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;

/** Cases in one {@code .npz} file, and beside it a folder with one file for each window. */
final class NpzCohort implements CohortSource {
  private final Path windows;
  private final ImageSet training;
  private final ImageSet holdout;

  private NpzCohort(Path windows, ImageSet training, ImageSet holdout) {
    this.windows = windows;
    this.training = training;
    this.holdout = holdout;
  }

  static NpzCohort open(Path file, Path windows) throws IOException {
    ImageSet training = read(file, Split.TRAIN);
    ImageSet holdout = read(file, Split.VALIDATION);
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
    return new NpzCohort(windows, training, holdout);
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
    Path file = windows.resolve("window-%04d.npz".formatted(number));
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(read(file, Split.VALIDATION));
  }

  @Override
  public String summary() {
    return "%d training examples, %d hold-out, images %dx%dx%d"
        .formatted(
            training.count(),
            holdout.count(),
            training.channels(),
            training.height(),
            training.width());
  }

  private static ImageSet read(Path file, Split split) throws IOException {
    ImageSet set =
        NpzFile.read(file, split, NpzFile.Bounds.DEFAULT)
            .orElseThrow(
                () ->
                    new IOException(
                        "open cohort %s: it has no %s_images"
                            .formatted(file.getFileName(), split.key())));
    if (set.count() == 0) {
      throw new IOException(
          "open cohort %s: %s_images has 0 images".formatted(file.getFileName(), split.key()));
    }
    return set;
  }
}
