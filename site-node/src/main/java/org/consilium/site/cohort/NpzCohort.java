package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.NpzFile.Targets;
import org.consilium.models.data.NpzTexts;
import org.consilium.models.data.Patients;
import org.consilium.models.data.Split;
import org.consilium.models.data.manifest.SiteManifest;

/**
 * Cases in one {@code .npz} file, with a class an image, several findings, or masks, and beside it
 * a folder with one file for each window.
 */
final class NpzCohort implements CohortSource {
  private static final NpzFile.Bounds BOUNDS = NpzFile.Bounds.DEFAULT;

  private final Path file;
  private final Windows windows;
  private final Part training;
  private final Part holdout;

  private NpzCohort(Path file, Windows windows, Part training, Part holdout) {
    this.file = file;
    this.windows = windows;
    this.training = training;
    this.holdout = holdout;
  }

  /**
   * One split.
   *
   * @param targets what the images come with
   * @param images labelled by class, else by whether anything is there
   * @param masks foreground against background
   */
  private record Part(
      Set<Targets> targets,
      ImageSet images,
      Optional<LabelledFindings> findings,
      Optional<LabelledMasks> masks) {
    static Part read(Path file, Split split) throws IOException {
      Set<Targets> targets = NpzFile.targets(file, split);
      Optional<LabelledFindings> findings =
          targets.contains(Targets.FINDINGS)
              ? NpzFile.readFindings(file, split, BOUNDS)
              : Optional.empty();
      Optional<LabelledMasks> masks =
          targets.contains(Targets.MASKS)
              ? NpzFile.readMasks(file, split, 2, BOUNDS)
              : Optional.empty();
      if (targets.contains(Targets.CLASSES) || targets.isEmpty()) {
        return new Part(targets, Windows.split(file, split), findings, masks);
      }
      ImageSet images =
          masks.map(LabelledMasks::images).or(() -> findings.map(LabelledFindings::images)).get();
      if (images.count() == 0) {
        throw new IOException(
            "open cohort %s: %s_images has 0 images".formatted(file.getFileName(), split.key()));
      }
      return new Part(targets, images, findings, masks);
    }

    /** With one class each. */
    ImageSet classes() throws IOException {
      if (!targets.contains(Targets.CLASSES)) {
        throw new IOException(
            "open cohort: these cases have %s, the study wants one class an image"
                .formatted(words()));
      }
      return images;
    }

    String words() {
      return String.join(
          " and ", targets.stream().map(t -> t.name().toLowerCase(Locale.ROOT)).sorted().toList());
    }
  }

  static NpzCohort open(Path file, Path windows) throws IOException {
    NpzFile.requirePatientsApart(file, BOUNDS);
    Part training = Part.read(file, Split.TRAIN);
    Part holdout = Part.read(file, Split.VALIDATION);
    ImageSet some = training.images;
    ImageSet others = holdout.images;
    if (some.imageLength() != others.imageLength() || some.height() != others.height()) {
      throw new IOException(
          "open cohort %s: train images are %dx%d, val images %dx%d"
              .formatted(
                  file.getFileName(),
                  some.height(),
                  some.width(),
                  others.height(),
                  others.width()));
    }
    if (!training.targets.equals(holdout.targets)) {
      throw new IOException(
          "open cohort %s: train images have %s, val images %s"
              .formatted(file.getFileName(), training.words(), holdout.words()));
    }
    return new NpzCohort(file, new Windows(windows), training, holdout);
  }

  @Override
  public int trainingCount() {
    return training.images.count();
  }

  @Override
  public ImageSet training() throws IOException {
    return training.classes();
  }

  @Override
  public ImageSet holdout() throws IOException {
    return holdout.classes();
  }

  @Override
  public Optional<LabelledFindings> findings(Split split) {
    return part(split).flatMap(Part::findings);
  }

  @Override
  public Optional<LabelledMasks> masks(Split split, int classes) throws IOException {
    Optional<LabelledMasks> foreground = part(split).flatMap(Part::masks);
    return classes == 2 || foreground.isEmpty()
        ? foreground
        : NpzFile.readMasks(file, split, classes, BOUNDS);
  }

  @Override
  public Optional<LabelledTexts> texts(Split split) throws IOException {
    Optional<Part> part = part(split);
    return part.isEmpty()
        ? Optional.empty()
        : NpzTexts.read(file, split, part.get().images, BOUNDS);
  }

  private Optional<Part> part(Split split) {
    return switch (split) {
      case TRAIN -> Optional.of(training);
      case VALIDATION -> Optional.of(holdout);
      case TEST -> Optional.empty();
    };
  }

  @Override
  public Patients patients() throws IOException {
    Optional<long[]> owners = NpzFile.readPatients(file, Split.TRAIN, BOUNDS);
    if (owners.isEmpty()) {
      return Patients.untold(trainingCount());
    }
    if (owners.get().length != trainingCount()) {
      throw new IOException(
          "open cohort %s: %d train_patients for %d images"
              .formatted(file.getFileName(), owners.get().length, trainingCount()));
    }
    return Patients.of(Arrays.stream(owners.get()).boxed().toList(), true);
  }

  @Override
  public Optional<ImageSet> window(int number) throws IOException {
    return windows.read(number);
  }

  @Override
  public String summary() {
    String shape = FolderCohort.summary(training.images, holdout.images);
    return training.targets.equals(Set.of(Targets.CLASSES))
        ? shape
        : shape + ", with " + training.words();
  }

  @Override
  public Optional<SiteManifest> manifest() {
    return Optional.of(
        SiteManifest.of(
            Map.of(Split.TRAIN, training.images, Split.VALIDATION, holdout.images),
            Map.of(),
            List.of()));
  }
}
