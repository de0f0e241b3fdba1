package org.consilium.coordinator.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.blob.FolderBlobs;
import org.consilium.protocol.StudyId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SharedSpoolTest {
  @TempDir Path folder;

  @Test
  void retire_beforeTheOpenAttempt_removesThoseAlone_whateverElseIsThere() throws Exception {
    FolderBlobs blobs = FolderBlobs.open(folder.resolve("store"));
    List<String> stay =
        List.of(
            "spool/mri/2-2/site.sealed",
            "spool/mri/3-1/site.sealed",
            "spool/mri/keep",
            "spool/mri/notes-of-mine/read.me",
            "spool/mri/1-x/site.sealed",
            "spool/other/1-1/site.sealed");
    List<String> go = List.of("spool/mri/1-1/site.sealed", "spool/mri/2-1/site.sealed");
    for (String key : stay) {
      blobs.put(key, new byte[] {1});
    }
    for (String key : go) {
      blobs.put(key, new byte[] {1});
    }

    new SharedSpool(blobs).retire(new StudyId("mri"), 2, 2);

    List<String> left = new ArrayList<>();
    blobs.list("spool/", entry -> left.add(entry.key()));
    assertThat(left).containsExactlyInAnyOrderElementsOf(stay);
  }
}
