package org.consilium.sim.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkFolderTest {
  @TempDir Path out;

  @Test
  void take_whileAnotherRunWorksThere_isRefusedAndItsFilesStay() throws Exception {
    try (WorkFolder _ = WorkFolder.take(out, false)) {
      Path state = Files.writeString(WorkFolder.of(out).resolve("state"), "of the first");

      assertThatThrownBy(() -> WorkFolder.take(out, false))
          .hasMessageContaining("another demo runs in " + out)
          .hasMessageContaining("--out");
      assertThat(state).hasContent("of the first");
    }

    WorkFolder.take(out, false).close(); // once the first has ended
  }

  @Test
  void take_folderThatNoRunMade_isRefusedAndLeftAsItIs() throws Exception {
    Path work = Files.createDirectories(WorkFolder.of(out));
    Path notes = Files.writeString(work.resolve("notes.txt"), "somebody's");

    for (int i = 0; i < 2; i++) { // the refusal gives the lock back
      assertThatThrownBy(() -> WorkFolder.take(out, false))
          .hasMessageContaining("no demo of this version has made " + work);
    }

    assertThat(notes).hasContent("somebody's");
  }

  @Test
  void take_whatAKilledRunLeft_isRemoved() throws Exception {
    Path work = Files.createDirectories(WorkFolder.of(out));
    Files.writeString(work.resolve(WorkFolder.MARKER), "");
    Path left = Files.writeString(work.resolve("journal"), "of a run that was killed");

    try (WorkFolder _ = WorkFolder.take(out, false)) {
      assertThat(left).doesNotExist();
      assertThat(work.resolve(WorkFolder.MARKER)).exists();
    }

    assertThat(work).doesNotExist();
  }

  @Test
  void close_kept_leavesItForTheNextRunToRemove() throws Exception {
    WorkFolder.take(out, true).close();
    assertThat(WorkFolder.of(out)).isDirectory();

    WorkFolder.take(out, false).close();

    assertThat(WorkFolder.of(out)).doesNotExist();
  }

  @Test
  void take_folderThatIsALink_removesTheLinkAlone() throws Exception {
    Path elsewhere = Files.createDirectories(out.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve(WorkFolder.MARKER), "");
    Path kept = Files.writeString(elsewhere.resolve("kept"), "somebody's");
    Files.createSymbolicLink(WorkFolder.of(out), elsewhere);

    WorkFolder.take(out, false).close();

    assertThat(kept).hasContent("somebody's");
  }
}
