package org.consilium.coordinator.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.coordinator.blob.FolderBlobs;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FoundationsTest {
  private static final byte[] BYTES = {1, 2, 3};
  private static final ModelVersion VERSION = new ModelVersion(Digest.sha256(BYTES));
  private static final Foundation WANTED = new Foundation("own", VERSION, BYTES.length);

  @TempDir Path folder;

  @Test
  void find_fileOfAnyName_isFoundHereAndOnTheOtherMachine() throws Exception {
    var store = FolderBlobs.open(folder.resolve("store"));
    Foundations here = Foundations.open(folder.resolve("here"), Optional.of(store));
    Files.write(folder.resolve("here/my model.safetensors"), BYTES);

    assertThat(here.find(WANTED)).isPresent();

    Foundations there = Foundations.open(folder.resolve("there"), Optional.of(store));
    assertThat(there.find(VERSION)).hasValueSatisfying(f -> assertThat(f).hasBinaryContent(BYTES));
  }

  @Test
  void find_fileNamedByItsDigestAlready_reachesTheStoreToo() throws Exception {
    var store = FolderBlobs.open(folder.resolve("store"));
    Foundations here = Foundations.open(folder.resolve("here"), Optional.of(store));
    Files.write(folder.resolve("here/" + VERSION.digest().hex() + ".safetensors"), BYTES);

    assertThat(here.find(WANTED)).isPresent();

    Foundations there = Foundations.open(folder.resolve("there"), Optional.of(store));
    assertThat(there.find(VERSION)).hasValueSatisfying(f -> assertThat(f).hasBinaryContent(BYTES));
  }
}
