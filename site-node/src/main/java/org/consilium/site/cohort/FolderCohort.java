package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.Patients;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.consilium.models.data.folder.CaseFolder;
import org.consilium.models.data.folder.FolderRules;
import org.consilium.models.data.manifest.SiteManifest;

/** Cases in a folder of pictures with a CSV table; its {@code val} split is the hold-out. */
final class FolderCohort implements CohortSource {
  private final Windows windows;
  private final CaseFolder cases;
  private final ImageSet training;
  private final ImageSet holdout;

  private FolderCohort(Windows windows, CaseFolder cases, ImageSet training, ImageSet holdout) {
    this.windows = windows;
    this.cases = cases;
    this.training = training;
    this.holdout = holdout;
  }

  static FolderCohort open(Path table, Path windows) throws IOException {
    CaseFolder cases = CaseFolder.read(table, FolderRules.PLAIN);
    return new FolderCohort(
        new Windows(windows),
        cases,
        images(cases, table, Split.TRAIN),
        images(cases, table, Split.VALIDATION));
  }

  private static ImageSet images(CaseFolder cases, Path table, Split split) throws IOException {
    return cases
        .part(split)
        .orElseThrow(
            () ->
                new IOException(
                    "open cohort %s: no case is in split %s"
                        .formatted(table.getFileName(), split.key())))
        .images();
  }

  @Override
  public int trainingCount() {
    return training.count();
  }

  @Override
  public ImageSet training() throws IOException {
    return oneClass(training);
  }

  @Override
  public ImageSet holdout() throws IOException {
    return oneClass(holdout);
  }

  private ImageSet oneClass(ImageSet images) throws IOException {
    if (findings(Split.TRAIN).isPresent()) {
      throw new IOException(
          "open cohort: these cases have findings, the study wants one class an image");
    }
    return images;
  }

  @Override
  public Optional<LabelledFindings> findings(Split split) {
    return cases.part(split).flatMap(CaseFolder.Part::findings);
  }

  @Override
  public Optional<LabelledTexts> texts(Split split) {
    return cases.part(split).flatMap(CaseFolder.Part::texts);
  }

  @Override
  public Patients patients() {
    List<CaseFacts> facts = cases.part(Split.TRAIN).map(CaseFolder.Part::facts).orElse(List.of());
    return patients(facts);
  }

  /** Without a column of patients every picture's name is one. */
  static Patients patients(List<CaseFacts> facts) {
    boolean told = facts.stream().anyMatch(f -> !f.patient().equals(f.name()));
    return Patients.of(facts.stream().map(CaseFacts::patient).toList(), told);
  }

  @Override
  public Optional<ImageSet> window(int number) throws IOException {
    return windows.read(number);
  }

  @Override
  public String summary() {
    return summary(training, holdout);
  }

  static String summary(ImageSet training, ImageSet holdout) {
    return "%d training examples, %d hold-out, images %dx%dx%d"
        .formatted(
            training.count(),
            holdout.count(),
            training.channels(),
            training.height(),
            training.width());
  }

  @Override
  public Optional<SiteManifest> manifest() {
    Map<Split, ImageSet> images = new EnumMap<>(Split.class);
    Map<Split, List<CaseFacts>> facts = new EnumMap<>(Split.class);
    cases
        .parts()
        .forEach(
            (split, part) -> {
              images.put(split, part.images());
              facts.put(split, part.facts());
            });
    return Optional.of(SiteManifest.of(images, facts, cases.labels()));
  }
}
