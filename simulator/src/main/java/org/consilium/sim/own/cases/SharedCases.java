package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.NpzTexts;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFolder;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Cases;
import org.consilium.sim.own.cut.Cut;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;

/**
 * The split {@code train} of a file or folder, with what its pictures come with beside a class.
 *
 * @param cases labelled by class, or by whether any finding is there
 */
record SharedCases(
    Cases cases, Optional<LabelledFindings> findings, Optional<LabelledTexts> texts) {

  static SharedCases read(OwnCases.Source source, StudyPlan plan) throws Refusal, IOException {
    try {
      SharedCases read = OwnCases.isTable(source.data()) ? folder(source, plan) : npz(source, plan);
      OwnCases.checkSize(read.cases.images(), plan);
      read.check(plan);
      return read;
    } catch (MalformedData malformed) {
      throw new Refusal("data: " + malformed.getMessage());
    }
  }

  private static SharedCases npz(OwnCases.Source source, StudyPlan plan)
      throws Refusal, IOException {
    Path file = source.data();
    NpzFile.Bounds bounds = NpzFile.Bounds.DEFAULT;
    String name = String.valueOf(file.getFileName());
    if (plan.task().type() == StudyPlan.Task.Type.MULTILABEL) {
      LabelledFindings findings =
          NpzFile.readFindings(file, Split.TRAIN, bounds)
              .orElseThrow(() -> new Refusal("data: %s has no train_images".formatted(name)));
      return new SharedCases(
          OwnCases.withPatients(findings.images(), source),
          Optional.of(findings),
          Optional.empty());
    }
    ImageSet images =
        NpzFile.read(file, Split.TRAIN, bounds)
            .orElseThrow(() -> new Refusal("data: %s has no train_images".formatted(name)));
    return new SharedCases(
        OwnCases.withPatients(images, source),
        Optional.empty(),
        NpzTexts.read(file, Split.TRAIN, images, bounds));
  }

  private static SharedCases folder(OwnCases.Source source, StudyPlan plan)
      throws Refusal, IOException {
    CaseFolder.Part train = OwnCases.training(OwnCases.table(source, plan));
    boolean several = plan.task().type() == StudyPlan.Task.Type.MULTILABEL;
    return new SharedCases(
        OwnCases.cases(train), several ? train.findings() : Optional.empty(), train.texts());
  }

  private void check(StudyPlan plan) throws Refusal {
    switch (plan.task().type()) {
      case MULTILABEL -> {
        int found =
            findings
                .orElseThrow(
                    () ->
                        new Refusal(
                            "data: one class a picture, the study wants several findings: labels of"
                                + " shape (n, k), or a column labels"))
                .findings();
        if (found != plan.labels().size()) {
          throw new Refusal(
              "data: %d findings a picture, the study has %d: %s"
                  .formatted(found, plan.labels().size(), plan.labels()));
        }
      }
      case IMAGE_TEXT -> {
        if (texts.isEmpty()) {
          throw new Refusal(
              "data: pictures without texts, the study wants one each: train_texts, or a column"
                  + " text");
        }
        OwnCases.checkLabels(cases.images(), plan);
      }
      case MASKED, CONTRASTIVE -> {}
      case CLASSIFICATION, SEGMENTATION ->
          throw new IllegalStateException("these tasks are judged on cases that no site has");
    }
  }

  /**
   * Writes one site's cases where its node finds them.
   *
   * @param shift what its scanner changes
   */
  void write(Cut.Piece piece, Shift shift, Path file) throws IOException {
    Map<Split, ImageSet> images = new EnumMap<>(Split.class);
    Map<Split, LabelledFindings> found = new EnumMap<>(Split.class);
    Map<Split, List<String>> said = new EnumMap<>(Split.class);
    for (Split split : List.of(Split.TRAIN, Split.VALIDATION)) {
      int[] some = piece.places(split);
      ImageSet seen = shift.apply(cases.images().subset(some));
      images.put(split, seen);
      findings.ifPresent(all -> found.put(split, all.subset(some).seenAs(seen)));
      texts.ifPresent(all -> said.put(split, all.subset(some).texts()));
    }
    Files.createDirectories(file.toAbsolutePath().getParent());
    if (findings.isPresent()) {
      NpzWriter.writeFindings(file, found);
    } else {
      NpzWriter.write(file, images, said);
    }
  }
}
