package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.consilium.models.data.folder.CaseFolder;
import org.consilium.models.data.folder.FolderRules;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.PatientSplit;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Cases;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.RunOptions;

/**
 * The cases of a run: those that are shared out among the sites, and the common ones that no site
 * has, on which all models are judged.
 *
 * @param training shared out
 * @param common the validation split, or a stratified part of the training split where there is
 *     none
 * @param commonWords where the common cases come from
 */
record OwnCases(Cases training, ImageSet common, String commonWords) {
  private static final PatientSplit COMMON = new PatientSplit(.15, 0);

  /**
   * How they are read.
   *
   * @param data {@code .npz} file, CSV table, or folder with one
   * @param resize whether pictures of a folder are brought to the study's size and channels
   * @param columns columns of the table that may be there besides the known ones
   * @param seed of a split that has to be made
   */
  record Source(Path data, boolean resize, java.util.Set<String> columns, long seed) {
    static Source of(RunOptions options) {
      return new Source(options.data(), options.resize(), options.columns(), options.seed());
    }
  }

  static OwnCases read(Source source, StudyPlan plan) throws Refusal, IOException {
    try {
      OwnCases cases = isTable(source.data) ? folder(source, plan) : npz(source);
      check(cases.training.images(), plan);
      check(cases.common, plan);
      return cases;
    } catch (MalformedData malformed) {
      throw new Refusal("data: " + malformed.getMessage());
    }
  }

  static boolean isTable(Path data) throws Refusal {
    if (!Files.isDirectory(data) && !Files.isRegularFile(data)) {
      throw new Refusal("data: no file or folder " + data);
    }
    return Files.isDirectory(data) || data.toString().endsWith(".csv");
  }

  private static OwnCases npz(Source source) throws Refusal, IOException {
    NpzFile.Bounds bounds = NpzFile.Bounds.DEFAULT;
    ImageSet train =
        NpzFile.read(source.data, Split.TRAIN, bounds)
            .orElseThrow(
                () ->
                    new Refusal(
                        "data: %s has no train_images".formatted(source.data.getFileName())));
    return assemble(
        withPatients(train, source),
        NpzFile.read(source.data, Split.VALIDATION, bounds),
        source.seed);
  }

  /** The training images of a {@code .npz} file with its patients, if it has any. */
  static Cases withPatients(ImageSet train, Source source) throws Refusal, IOException {
    NpzFile.requirePatientsApart(source.data, NpzFile.Bounds.DEFAULT);
    Optional<long[]> patients =
        NpzFile.readPatients(source.data, Split.TRAIN, NpzFile.Bounds.DEFAULT);
    if (patients.isEmpty()) {
      return Cases.of(train);
    }
    if (patients.get().length != train.count()) {
      throw new Refusal(
          "data: %d patients for %d training images"
              .formatted(patients.get().length, train.count()));
    }
    List<String> names =
        IntStream.range(0, train.count()).mapToObj(i -> "patient " + patients.get()[i]).toList();
    return new Cases(train, names, Map.of());
  }

  private static OwnCases folder(Source source, StudyPlan plan) throws Refusal, IOException {
    CaseFolder read = table(source, plan);
    CaseFolder.Part train = training(read);
    if (train.findings().isPresent()) {
      throw new Refusal(
          "data: the table has several findings a picture, the study wants one class each");
    }
    return assemble(
        cases(train), read.part(Split.VALIDATION).map(CaseFolder.Part::images), source.seed);
  }

  static CaseFolder.Part training(CaseFolder read) throws Refusal {
    return read.part(Split.TRAIN).orElseThrow(() -> new Refusal("data: no case is in split train"));
  }

  /** A table, or the table of a folder, with its pictures. */
  static CaseFolder table(Source source, StudyPlan plan) throws Refusal, IOException {
    Path table = source.data;
    if (Files.isDirectory(table)) {
      if (MaskFolder.isOne(table)) {
        throw new Refusal(
            "data: %s has masks, the study's task is %s"
                .formatted(
                    table.getFileName(),
                    plan.task().type().name().toLowerCase(Locale.ROOT).replace('_', '-')));
      }
      table =
          CaseFolder.table(table)
              .orElseThrow(
                  () ->
                      new Refusal(
                          "data: %s has neither index.csv nor labels.csv nor one single CSV"
                              .formatted(source.data.getFileName())));
    }
    ModelSpec model = plan.model();
    FolderRules rules =
        FolderRules.PLAIN
            .withLabels(plan.labels())
            .withColumns(source.columns)
            .withSeed(source.seed);
    if (source.resize) {
      rules = rules.fitting(new FolderRules.Size(model.height(), model.width()), model.channels());
    }
    return CaseFolder.read(table, rules);
  }

  static Cases cases(CaseFolder.Part part) {
    List<String> patients = new ArrayList<>();
    Map<String, List<String>> columns = new HashMap<>();
    for (CaseFacts facts : part.facts()) {
      patients.add(facts.patient());
      facts
          .strata()
          .forEach(
              (column, value) ->
                  columns.computeIfAbsent(column, _ -> new ArrayList<>()).add(value));
    }
    return new Cases(part.images(), patients, columns);
  }

  private static OwnCases assemble(Cases training, Optional<ImageSet> validation, long seed) {
    if (validation.isPresent()) {
      return new OwnCases(
          training, validation.get(), "the validation split of the data, which no site has");
    }
    List<Split> splits = COMMON.of(training.patients(), training.images().labels(), seed);
    int[] own = places(splits, Split.TRAIN);
    int[] common = places(splits, Split.VALIDATION);
    return new OwnCases(
        training.subset(own),
        training.images().subset(common),
        "a stratified 15 % of the training split, which no site has");
  }

  private static int[] places(List<Split> splits, Split wanted) {
    return IntStream.range(0, splits.size()).filter(i -> splits.get(i) == wanted).toArray();
  }

  static void checkSize(ImageSet images, StudyPlan plan) throws Refusal {
    ModelSpec model = plan.model();
    if (images.channels() != model.channels()
        || images.height() != model.height()
        || images.width() != model.width()) {
      throw new Refusal(
          "data: images are %dx%dx%d, the study wants %dx%dx%d (channels x height x width)"
              .formatted(
                  images.channels(),
                  images.height(),
                  images.width(),
                  model.channels(),
                  model.height(),
                  model.width()));
    }
  }

  static void checkLabels(ImageSet images, StudyPlan plan) throws Refusal {
    int highest = 0;
    for (int label : images.labels()) {
      highest = Math.max(highest, label);
    }
    if (highest >= plan.labels().size()) {
      throw new Refusal(
          "data: labels reach %d, the study has %d classes: %s"
              .formatted(highest, plan.labels().size(), plan.labels()));
    }
  }

  private static void check(ImageSet images, StudyPlan plan) throws Refusal {
    checkSize(images, plan);
    checkLabels(images, plan);
    for (int label = 0; label < plan.labels().size(); label++) {
      if (images.countOf(label) == 0) {
        throw new Refusal(
            "data: class %d (%s) has no case among %d"
                .formatted(label, plan.labels().get(label), images.count()));
      }
    }
  }
}
