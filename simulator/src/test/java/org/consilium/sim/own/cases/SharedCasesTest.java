package org.consilium.sim.own.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.NpzTexts;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.sim.own.OwnPlan;
import org.consilium.sim.own.cut.Cases;
import org.consilium.sim.own.cut.Cut;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.SiteOptions;
import org.consilium.sim.own.order.StudySheet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SharedCasesTest {
  private static final int COUNT = 80;
  private static final int SIDE = 32;
  private static final NpzFile.Bounds BOUNDS = NpzFile.Bounds.DEFAULT;
  private static final StudyPlan MULTILABEL =
      plan(Task.Type.MULTILABEL, SIDE, List.of("mass", "fluid", "gas"));
  private static final StudyPlan TEXTS =
      plan(Task.Type.IMAGE_TEXT, SIDE, List.of("normal", "lesion"));

  @TempDir Path folder;

  @Test
  void write_findings_comeToASiteEachWithItsOwnPicture() throws Exception {
    Path data = folder.resolve("data.npz");
    NpzWriter.writeFindings(data, Map.of(Split.TRAIN, findings(3)));
    SharedCases cases = SharedCases.read(source(data), MULTILABEL);

    List<Cut.Piece> pieces = pieces(cases);
    int seen = 0;
    for (Cut.Piece piece : pieces) {
      Path file = folder.resolve(piece.name()).resolve("data.npz");
      cases.write(piece, Shift.of(Shift.Kinds.NONE, 2, 1).getFirst(), file);
      for (Split split : List.of(Split.TRAIN, Split.VALIDATION)) {
        LabelledFindings there = NpzFile.readFindings(file, split, BOUNDS).orElseThrow();
        for (int i = 0; i < there.count(); i++, seen++) {
          int number = there.images().pixel(i, 0);
          assertThat(there.target(i, 0)).isEqualTo(number % 2);
          assertThat(there.target(i, 1)).isEqualTo(LabelledFindings.UNKNOWN);
          assertThat(there.target(i, 2)).isEqualTo(number % 4 == 0 ? 1 : 0);
        }
      }
    }
    assertThat(seen).isEqualTo(COUNT);
  }

  @Test
  void write_texts_comeToASiteEachWithItsOwnPicture() throws Exception {
    Path data = folder.resolve("data.npz");
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      texts.add("picture " + i);
    }
    NpzWriter.write(data, Map.of(Split.TRAIN, images()), Map.of(Split.TRAIN, texts));
    SharedCases cases = SharedCases.read(source(data), TEXTS);

    for (Cut.Piece piece : pieces(cases)) {
      Path file = folder.resolve(piece.name()).resolve("data.npz");
      cases.write(piece, Shift.of(Shift.Kinds.NONE, 2, 1).getFirst(), file);
      ImageSet images = NpzFile.read(file, Split.TRAIN, BOUNDS).orElseThrow();
      LabelledTexts there = NpzTexts.read(file, Split.TRAIN, images, BOUNDS).orElseThrow();
      assertThat(there.count()).isPositive();
      for (int i = 0; i < there.count(); i++) {
        assertThat(there.texts().get(i)).isEqualTo("picture " + images.pixel(i, 0));
      }
    }
  }

  @Test
  void write_shiftedForPreTraining_changesThePixelsAndLeavesTextsAway() throws Exception {
    Path data = folder.resolve("data.npz");
    NpzWriter.write(data, Map.of(Split.TRAIN, images()));
    StudyPlan masked = plan(Task.Type.MASKED, SIDE, List.of("unlabelled", "unused"));
    SharedCases cases = SharedCases.read(source(data), masked);
    List<Shift> shifts = Shift.of(Shift.Kinds.parse("gamma,contrast"), 2, 1);

    int other = 0;
    for (int site = 0; site < 2; site++) {
      Path file = folder.resolve("site" + site).resolve("data.npz");
      Cut.Piece piece = pieces(cases).get(site);
      cases.write(piece, shifts.get(site), file);
      ImageSet there = NpzFile.read(file, Split.TRAIN, BOUNDS).orElseThrow();
      assertThat(there.count()).isEqualTo(piece.training().size());
      for (int i = 0; i < there.count(); i++) {
        other += there.pixel(i, 0) != piece.training().get(i) ? 1 : 0;
      }
      assertThat(NpzTexts.read(file, Split.TRAIN, there, BOUNDS)).isEmpty();
    }
    assertThat(other).isPositive();
  }

  @Test
  void read_dataThatLackWhatTheStudyAsks_isRefusedWithTheNumbers() throws Exception {
    Path plain = folder.resolve("plain.npz");
    NpzWriter.write(plain, Map.of(Split.TRAIN, images()));
    Path two = folder.resolve("two.npz");
    NpzWriter.writeFindings(two, Map.of(Split.TRAIN, findings(2)));

    refused(plain, TEXTS, "pictures without texts");
    refused(words(), TEXTS, "labels reach 2, the study has 2 classes");
    refused(two, MULTILABEL, "2 findings a picture, the study has 3");
    refused(
        two,
        plan(Task.Type.MULTILABEL, 64, List.of("mass", "fluid")),
        "1x32x32, the study wants 1x64x64");
  }

  @Test
  void share_holdOutsTooSmallToReleaseAScore_areRefusedBeforeAnythingStarts() throws Exception {
    StudySheet sheet = new StudySheet("", TEXTS, true);
    Cases few = Cases.of(images());
    RunOptions options =
        new RunOptions(
            folder.resolve("study.yaml"),
            folder.resolve("data.npz"),
            2,
            new Partition.Iid(),
            Shift.Kinds.NONE,
            1,
            folder.resolve("out"),
            false,
            false,
            false,
            0,
            SiteOptions.NONE,
            Optional.empty());

    // 40 cases a site, 6 of them held out, 3 of each class; the plan releases nothing below 11.
    assertThatThrownBy(() -> Share.of(few, options, sheet))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("at most 3 cases in a site's hold-out")
        .hasMessageContaining("fewer than 11 (privacy.smallCell");
    StudySheet masked =
        new StudySheet("", plan(Task.Type.MASKED, SIDE, List.of("unlabelled", "unused")), true);
    assertThat(Share.of(few, options, masked)).hasSize(2);
  }

  /** With texts, and a class that the study does not know. */
  private Path words() throws IOException {
    Path file = folder.resolve("words.npz");
    ImageSet three = images().withLabels(IntStream.range(0, COUNT).map(i -> i % 3).toArray());
    List<String> texts = Collections.nCopies(COUNT, "a text");
    NpzWriter.write(file, Map.of(Split.TRAIN, three), Map.of(Split.TRAIN, texts));
    return file;
  }

  private static void refused(Path data, StudyPlan plan, String words) {
    assertThatThrownBy(() -> SharedCases.read(source(data), plan))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(words);
  }

  private static List<Cut.Piece> pieces(SharedCases cases) throws Refusal {
    return Cut.of(cases.cases(), new Cut.Order(new Partition.Iid(), 2, 1, 1));
  }

  private static OwnCases.Source source(Path data) {
    return new OwnCases.Source(data, false, Set.of(), 1);
  }

  /** Each picture's first pixel is its number. */
  private static ImageSet images() {
    byte[] pixels = new byte[COUNT * SIDE * SIDE];
    int[] labels = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      pixels[i * SIDE * SIDE] = (byte) i;
      labels[i] = i % 2;
    }
    return new ImageSet(1, SIDE, SIDE, pixels, labels);
  }

  private static LabelledFindings findings(int each) {
    byte[] targets = new byte[COUNT * each];
    for (int i = 0; i < COUNT; i++) {
      targets[i * each] = (byte) (i % 2);
      targets[i * each + 1] = LabelledFindings.UNKNOWN;
      if (each > 2) {
        targets[i * each + 2] = (byte) (i % 4 == 0 ? 1 : 0);
      }
    }
    return LabelledFindings.of(images(), each, targets);
  }

  private static StudyPlan plan(Task.Type type, int side, List<String> labels) {
    int classes = type == Task.Type.MULTILABEL ? labels.size() : 1;
    String architecture =
        switch (type) {
          case MULTILABEL -> "resnet-gn-tiny";
          case IMAGE_TEXT -> "clip-resnet-gn";
          default -> "mae-vit-mini";
        };
    return OwnPlan.of(
        new ModelSpec(architecture, 1, side, side, classes, 0), Optional.empty(), type, labels);
  }
}
