package org.consilium.coordinator.blob;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a folder. */
final class FolderBlobsTest extends BlobsContract {
  @TempDir Path root;

  @Override
  Blobs fresh() throws Exception {
    return FolderBlobs.open(root.resolve("store"));
  }
}
