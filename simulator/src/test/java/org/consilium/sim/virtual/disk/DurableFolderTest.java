package org.consilium.sim.virtual.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.junit.jupiter.api.Test;

/** What the services' folders and small files are after the loss of power. */
final class DurableFolderTest {
  private static final int POWER_CUTS = 60;
  private static final byte[] CONTENT = {1, 2, 3};

  @Test
  void f2_folderMade_powerLost_isThere() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path _ = DurableFolder.create(disk.mount((_, _) -> {}).path("/state/keys/one"));

      disk.losePower(new SplittableRandom(seed));

      assertThat(disk.mount((_, _) -> {}).path("/state/keys/one")).isDirectory();
    }
  }

  @Test
  void f2_keyFileInNewFolders_powerLost_isThereAndWhole() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      KeyFile.replace(disk.mount((_, _) -> {}).path("/node/studies/one/pledges"), CONTENT);

      disk.losePower(new SplittableRandom(seed));

      Path file = disk.mount((_, _) -> {}).path("/node/studies/one/pledges");
      assertThat(KeyFile.read(file, 100)).isEqualTo(CONTENT);
    }
  }

  @Test
  void create_usualFolders_areNotDurable() throws IOException {
    int lost = 0;
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path folder = disk.mount((_, _) -> {}).path("/state/keys");
      Path _ = Files.createDirectories(folder);

      disk.losePower(new SplittableRandom(seed));

      lost += Files.isDirectory(folder) ? 0 : 1;
    }
    assertThat(lost).as("the disk is as strict as it says").isPositive();
  }
}
