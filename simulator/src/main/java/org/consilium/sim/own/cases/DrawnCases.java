package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.consilium.models.data.folder.FolderRules;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.MaskFolder.MaskCase;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Cases;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.RunOptions;

/** Reads pictures with masks: a folder of both, or a {@code .npz} file. */
final class DrawnCases {
  private DrawnCases() {}

  static MaskFolder read(RunOptions options, StudyPlan plan) throws Refusal, IOException {
    int classes = Math.max(2, plan.model().classes());
    try {
      MaskFolder read = Files.isDirectory(options.data()) ? folder(options) : npz(options, classes);
      if (read.classes() > classes) {
        throw new Refusal(
            "data: masks have %d classes, the study knows %d".formatted(read.classes(), classes));
      }
      return read;
    } catch (MalformedData malformed) {
      throw new Refusal("data: " + malformed.getMessage());
    }
  }

  private static MaskFolder folder(RunOptions options) throws Refusal, IOException {
    if (!MaskFolder.isOne(options.data())) {
      throw new Refusal(
          "data: %s has no images/ with labels/, the study is a segmentation"
              .formatted(options.data().getFileName()));
    }
    return MaskFolder.read(options.data(), FolderRules.PLAIN.withSeed(options.seed()));
  }

  private static MaskFolder npz(RunOptions options, int classes) throws Refusal, IOException {
    List<MaskCase> cases = new ArrayList<>();
    for (Split split : Split.values()) {
      Optional<LabelledMasks> some =
          NpzFile.readMasks(options.data(), split, classes, NpzFile.Bounds.DEFAULT);
      if (some.isPresent()) {
        add(some.get(), split, cases);
      }
    }
    if (cases.stream().noneMatch(c -> c.split() == Split.TRAIN)) {
      throw new Refusal(
          "data: %s has no train_masks, the study is a segmentation"
              .formatted(options.data().getFileName()));
    }
    boolean given = cases.stream().map(MaskCase::split).distinct().count() == 3;
    return new MaskFolder(cases, classes, given);
  }

  private static void add(LabelledMasks some, Split split, List<MaskCase> cases) throws Refusal {
    ImageSet images = some.images();
    if (images.channels() != 1 && images.channels() != 3) {
      throw new Refusal("data: images must have 1 or 3 channels, got " + images.channels());
    }
    for (int i = 0; i < some.count(); i++) {
      byte[] mask = new byte[some.area()];
      for (int at = 0; at < mask.length; at++) {
        mask[at] = (byte) some.mask(i, at);
      }
      String name = "%s %06d".formatted(split.key(), i);
      cases.add(
          new MaskCase(
              new CaseFacts(0, name, name, Map.of()),
              split,
              images.channels(),
              new FolderRules.Size(images.height(), images.width()),
              images.image(i),
              mask,
              0));
    }
  }

  /** The cases as far as sharing them out needs them: without pixels, all of one class. */
  static Cases bare(List<MaskCase> cases) {
    List<String> patients = new ArrayList<>();
    Map<String, List<String>> columns = new HashMap<>();
    for (MaskCase each : cases) {
      patients.add(each.facts().patient());
      each.facts()
          .strata()
          .forEach(
              (column, value) ->
                  columns.computeIfAbsent(column, _ -> new ArrayList<>()).add(value));
    }
    int count = cases.size();
    return new Cases(new ImageSet(1, 1, 1, new byte[count], new int[count]), patients, columns);
  }
}
