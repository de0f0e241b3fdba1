package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Patients;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.consilium.models.data.folder.FolderRules;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.manifest.SiteManifest;

/**
 * Images with masks, cut into square tiles, split by image. Studies that classify refuse it: its
 * images have no class of their own.
 */
final class MaskCohort implements CohortSource {
  private final MaskFolder folder;
  private final LabelledMasks training;
  private final LabelledMasks holdout;

  private MaskCohort(MaskFolder folder, LabelledMasks training, LabelledMasks holdout) {
    this.folder = folder;
    this.training = training;
    this.holdout = holdout;
  }

  static MaskCohort open(Path path, CohortSpec.Cutting cutting) throws IOException {
    MaskFolder folder = MaskFolder.read(path, FolderRules.PLAIN).seen(cutting.view());
    return new MaskCohort(
        folder,
        tiles(folder, path, Split.TRAIN, cutting),
        tiles(folder, path, Split.VALIDATION, cutting));
  }

  private static LabelledMasks tiles(
      MaskFolder folder, Path path, Split split, CohortSpec.Cutting cutting) throws IOException {
    return folder
        .tiles(split, cutting.tile(), cutting.channels())
        .orElseThrow(
            () ->
                new IOException(
                    "open cohort %s: no image is in split %s"
                        .formatted(path.getFileName(), split.key())));
  }

  @Override
  public int trainingCount() {
    return training.count();
  }

  @Override
  public ImageSet training() throws IOException {
    throw new IOException(
        "open cohort: these cases have masks, the study wants one class an image");
  }

  @Override
  public ImageSet holdout() throws IOException {
    return training();
  }

  @Override
  public Optional<LabelledMasks> masks(Split split, int classes) {
    return switch (split) {
      case TRAIN -> Optional.of(training.among(classes));
      case VALIDATION -> Optional.of(holdout.among(classes));
      case TEST -> Optional.empty();
    };
  }

  /** All tiles of all images of a patient are one patient's. */
  @Override
  public Patients patients() {
    List<CaseFacts> images =
        folder.cases().stream()
            .filter(c -> c.split() == Split.TRAIN)
            .map(MaskFolder.MaskCase::facts)
            .toList();
    return FolderCohort.patients(
        training.tiling().orElseThrow().tiles().stream()
            .map(tile -> images.get(tile.image()))
            .toList());
  }

  @Override
  public Optional<ImageSet> window(int number) {
    return Optional.empty();
  }

  @Override
  public String summary() {
    return "%d training and %d hold-out tiles of %dx%d with masks, of %d images; %.1f %% foreground"
        .formatted(
            training.count(),
            holdout.count(),
            training.images().height(),
            training.images().width(),
            folder.cases().size(),
            100 * training.foreground());
  }

  @Override
  public Optional<SiteManifest> manifest() {
    Map<Split, ImageSet> images = new EnumMap<>(Split.class);
    Map<Split, List<CaseFacts>> facts = new EnumMap<>(Split.class);
    images.put(Split.TRAIN, training.images());
    images.put(Split.VALIDATION, holdout.images());
    for (MaskFolder.MaskCase each : folder.cases()) {
      facts.computeIfAbsent(each.split(), _ -> new ArrayList<>()).add(each.facts());
    }
    return Optional.of(SiteManifest.of(images, facts, List.of("background", "foreground")));
  }
}
