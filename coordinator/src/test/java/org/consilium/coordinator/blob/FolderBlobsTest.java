package org.consilium.coordinator.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a folder, and what a file server does to it. */
final class FolderBlobsTest extends BlobsContract {
  @TempDir Path root;

  @Override
  Blobs fresh() throws Exception {
    return FolderBlobs.open(root.resolve("store"));
  }

  /** Its leader would say ACCEPTED of what is on its own disk alone. */
  @Test
  void put_mountThatWentAway_isRefusedUntilItIsBack() throws Exception {
    Path mount = root.resolve("store");
    blobs.put(SharedStore.ID, new byte[] {1});
    blobs.put("a", new byte[] {1});
    Files.move(mount, root.resolve("away"));
    Files.createDirectories(mount);

    assertThatThrownBy(() -> blobs.put("b", new byte[] {1}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is it mounted?");
    assertThatThrownBy(() -> blobs.size("a")).hasMessageContaining("is it mounted?");
    assertThatThrownBy(() -> blobs.list("", _ -> {})).hasMessageContaining("is it mounted?");
    assertThat(mount).isEmptyDirectory();

    Files.delete(mount);
    Files.move(root.resolve("away"), mount);
    blobs.put("b", new byte[] {1});
    assertThat(blobs.size("a")).hasValue(1);
  }
}
