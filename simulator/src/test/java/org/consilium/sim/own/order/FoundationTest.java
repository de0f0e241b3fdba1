package org.consilium.sim.own.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.Bundled;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.OwnPlan;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FoundationTest {
  private static final ModelSpec SMALL = new ModelSpec("resnet-gn-tiny", 1, 32, 32, 1, 0);

  @TempDir Path folder;

  @Test
  void check_fileAndPlanThatDoNotBelongTogether_isRefusedWithTheReason() throws Exception {
    Path own = parameters("own.safetensors", SMALL);
    Path other = parameters("other.safetensors", new ModelSpec("vit-mini", 1, 64, 64, 1, 0));
    Path shorter = Files.write(folder.resolve("shorter"), new byte[9]);
    Path changed = folder.resolve("changed");
    byte[] bytes = Files.readAllBytes(own);
    bytes[bytes.length - 1] ^= 1;
    Files.write(changed, bytes);

    Path nan = folder.resolve("nan");
    byte[] spoilt = Files.readAllBytes(own);
    ByteBuffer.wrap(spoilt).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 8, Float.NaN);
    Files.write(nan, spoilt);

    refused(Optional.of(named(nan)), Optional.of(nan), "holds NaN at");
    refused(Optional.empty(), Optional.of(own), "the study names none");
    refused(Optional.of(named(own)), Optional.empty(), "does not come with this program");
    refused(Optional.of(named(own)), Optional.of(folder.resolve("gone")), "no file");
    refused(Optional.of(named(own)), Optional.of(shorter), "has 9 bytes, the study says");
    refused(Optional.of(named(own)), Optional.of(changed), "has digest");
    refused(Optional.of(named(other)), Optional.of(other), "--foundation: ");
  }

  @Test
  void place_fileOfOnesOwn_isWhereTheRunOffersIt() throws Exception {
    Path own = parameters("own.safetensors", SMALL);
    StudyPlan plan = plan(SMALL, Optional.of(named(own)));
    RunOptions options = options(Optional.of(own));
    Files.createDirectories(options.work());

    Foundation.check(options, plan);
    Foundation.place(options, plan);

    assertThat(Digest.sha256(options.start(plan).orElseThrow())).isEqualTo(Digest.sha256(own));
  }

  @Test
  void place_bundledOne_needsNoFile() throws Exception {
    StudyPlan.Foundation bundled = Bundled.all().getFirst().foundation();
    StudyPlan plan = plan(new ModelSpec("vit-mini-avg", 1, 64, 64, 1, 0), Optional.of(bundled));
    RunOptions options = options(Optional.empty());
    Files.createDirectories(options.work());

    Foundation.check(options, plan);
    Foundation.place(options, plan);

    assertThat(Digest.sha256(options.start(plan).orElseThrow()))
        .isEqualTo(bundled.version().digest());
  }

  private void refused(Optional<StudyPlan.Foundation> named, Optional<Path> given, String words) {
    assertThatThrownBy(() -> Foundation.check(options(given), plan(SMALL, named)))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(words);
  }

  private Path parameters(String name, ModelSpec spec) throws IOException {
    Path file = folder.resolve(name);
    var _ = SafetensorsWriter.save(file, Catalogue.require(spec).initial(3), Map.of());
    return file;
  }

  private static StudyPlan.Foundation named(Path file) throws IOException {
    ModelVersion version = new ModelVersion(Digest.sha256(file));
    return new StudyPlan.Foundation("own", version, Files.size(file));
  }

  private RunOptions options(Optional<Path> foundation) {
    return new RunOptions(
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
        foundation);
  }

  private static StudyPlan plan(ModelSpec model, Optional<StudyPlan.Foundation> foundation) {
    return OwnPlan.of(
        model, foundation, StudyPlan.Task.Type.CLASSIFICATION, List.of("negative", "positive"));
  }
}
