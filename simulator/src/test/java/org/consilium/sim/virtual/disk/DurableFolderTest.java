package org.consilium.sim.virtual.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.consilium.security.audit.ChainedLog;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.junit.jupiter.api.Test;

/** What the services' folders and small files are after the loss of power. */
final class DurableFolderTest {
  private static final int POWER_CUTS = 60;
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
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
  void force_folderOutsideOfTheRoot_isRefused() {
    Path state = new VirtualDisk().mount((_, _) -> {}).path("/state");

    assertThatThrownBy(() -> DurableFolder.force(state, state.resolve("spool")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("force /state: it is not in /state/spool");
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
  void f6_lastForceOfAKeyFileFailed_readAsDurable_powerLost_isThere() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path folder = DurableFolder.create(disk.mount((_, _) -> {}).path("/state/keys"));
      Path file = disk.mount(failAtForce(3)).path(folder.resolve("study").toString());
      assertThatThrownBy(() -> KeyFile.create(file, CONTENT)).isInstanceOf(IOException.class);
      byte[] relied = KeyFile.readDurable(file, 100);

      disk.losePower(new SplittableRandom(seed));

      Path after = disk.mount((_, _) -> {}).path(folder.resolve("study").toString());
      assertThat(after).hasBinaryContent(relied);
    }
  }

  @Test
  void f2_folderOfAKilledProcess_foundByTheNext_powerLost_isThere() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path name = disk.mount(dieAtForce(2)).path("/node/outbox");
      assertThatThrownBy(() -> DurableFolder.create(name)).isInstanceOf(ProcessDied.class);
      Path found = DurableFolder.create(disk.mount((_, _) -> {}).path("/node/outbox"));
      KeyFile.replace(found.resolve("update"), CONTENT);

      disk.losePower(new SplittableRandom(seed));

      Path file = disk.mount((_, _) -> {}).path("/node/outbox/update");
      assertThat(KeyFile.read(file, 100)).isEqualTo(CONTENT);
    }
  }

  @Test
  void f2_fileOfAKilledProcess_settled_powerLost_isThere() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path folder = DurableFolder.create(disk.mount((_, _) -> {}).path("/node/studies/one"));
      Path draft = Files.write(folder.resolve("draft"), CONTENT);
      DurableFolder.forceFile(draft);
      Path _ = Files.move(draft, folder.resolve("pledges"));
      DurableFolder.settle(disk.mount((_, _) -> {}).path("/node"), 2);

      disk.losePower(new SplittableRandom(seed));

      assertThat(disk.mount((_, _) -> {}).path("/node/studies/one/pledges"))
          .hasBinaryContent(CONTENT);
    }
  }

  @Test
  void f2_lineOfAKilledProcess_readByTheNext_powerLost_isThere() throws IOException {
    for (long seed = 0; seed < POWER_CUTS; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path _ = DurableFolder.create(disk.mount((_, _) -> {}).path("/node"));
      Path ledger = disk.mount(dieAtForce(3)).path("/node/ledger.jsonl"); // two when it is opened
      ChainedLog killed = ChainedLog.open(ledger, CLOCK);
      assertThatThrownBy(() -> killed.append("update.sent", Map.of("bytes", 7)))
          .isInstanceOf(ProcessDied.class);
      Path found = disk.mount((_, _) -> {}).path("/node/ledger.jsonl");
      try (ChainedLog log = ChainedLog.open(found, CLOCK)) {
        assertThat(log.entries()).isEqualTo(1);
      }
      byte[] seen = Files.readAllBytes(found);

      disk.losePower(new SplittableRandom(seed));

      assertThat(disk.mount((_, _) -> {}).path("/node/ledger.jsonl")).hasBinaryContent(seen);
    }
  }

  private static DiskFaults dieAtForce(int number) {
    AtomicInteger forces = new AtomicInteger();
    return (operation, path) -> {
      if (operation == DiskFaults.Operation.FORCE && forces.incrementAndGet() == number) {
        throw new ProcessDied("force of " + path);
      }
    };
  }

  private static DiskFaults failAtForce(int number) {
    AtomicInteger forces = new AtomicInteger();
    return (operation, path) -> {
      if (operation == DiskFaults.Operation.FORCE && forces.incrementAndGet() == number) {
        throw new IOException("force of " + path);
      }
    };
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
