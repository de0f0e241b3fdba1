package org.consilium.sim.virtual.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.sim.virtual.disk.DiskFaults.Operation;
import org.junit.jupiter.api.Test;

final class VirtualDiskTest {
  private static final DiskFaults NONE = (_, _) -> {};
  private static final byte[] OLD = {1, 1, 1, 1};
  private static final byte[] NEW = {2, 2, 2, 2};

  @Test
  void losePower_forcedFileInForcedFolders_stays() throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      VirtualDisk disk = new VirtualDisk();
      VirtualDisk.Mount mount = disk.mount(NONE);
      Path file = mount.path("/a/b/file");
      Files.createDirectories(mount.path("/a/b"));
      write(file, NEW, true);
      for (String folder : new String[] {"/a/b", "/a", "/"}) {
        force(mount.path(folder));
      }
      assertThat(disk.durable("/a/b/file")).isTrue();

      disk.losePower(new SplittableRandom(seed));

      assertThat(Files.readAllBytes(disk.mount(NONE).path("/a/b/file"))).isEqualTo(NEW);
    }
  }

  @Test
  void losePower_folderNotForced_fileMayBeGone() throws IOException {
    Set<Boolean> seen = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path file = disk.mount(NONE).path("/file");
      write(file, NEW, true);
      assertThat(disk.durable("/file")).isFalse();

      disk.losePower(new SplittableRandom(seed));

      seen.add(Files.exists(disk.mount(NONE).path("/file")));
    }
    assertThat(seen).containsExactlyInAnyOrder(true, false);
  }

  @Test
  void losePower_bytesNotForced_oldNewOrTorn() throws IOException {
    Set<String> seen = new HashSet<>();
    for (long seed = 0; seed < 200; seed++) {
      VirtualDisk disk = new VirtualDisk();
      Path file = disk.mount(NONE).path("/file");
      write(file, OLD, true);
      disk.forceAll();
      write(file, NEW, false);

      disk.losePower(new SplittableRandom(seed));

      seen.add(java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
    }
    assertThat(seen).contains("01010101", "02020202", "02010101", "02020101");
  }

  @Test
  void force_afterOneThatFailed_keepsOnlyWhatIsWrittenAnew() throws IOException {
    VirtualDisk disk = new VirtualDisk();
    Path failing = disk.mount(failAtForce()).path("/file");
    assertThatThrownBy(() -> write(failing, OLD, true)).isInstanceOf(IOException.class);
    disk.forceAll();
    assertThat(disk.durable("/file")).as("the second force says that all is well").isFalse();

    try (FileChannel file = FileChannel.open(failing, StandardOpenOption.WRITE)) {
      int _ = file.write(ByteBuffer.wrap(NEW, 0, 3), 0);
      file.force(true);
      assertThat(disk.durable("/file")).as("the last byte is not").isFalse();
      int _ = file.write(ByteBuffer.wrap(NEW, 3, 1), 3);
      file.force(true);
    }

    assertThat(disk.durable("/file")).isTrue();
  }

  /** The first force fails. */
  private static DiskFaults failAtForce() {
    AtomicBoolean failed = new AtomicBoolean();
    return (operation, path) -> {
      if (operation == Operation.FORCE && !failed.getAndSet(true)) {
        throw new IOException("force of " + path);
      }
    };
  }

  @Test
  void losePower_renamedOverAnother_wholeOldOrWholeNew() throws IOException {
    Set<Byte> seen = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      VirtualDisk disk = new VirtualDisk();
      VirtualDisk.Mount mount = disk.mount(NONE);
      write(mount.path("/file"), OLD, true);
      disk.forceAll();
      write(mount.path("/draft"), NEW, true);
      Files.move(
          mount.path("/draft"),
          mount.path("/file"),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);

      disk.losePower(new SplittableRandom(seed));

      byte[] found = Files.readAllBytes(mount.path("/file"));
      assertThat(found).isIn(OLD, NEW);
      seen.add(found[0]);
    }
    assertThat(seen).hasSize(2);
  }

  @Test
  void force_thatFailed_losesItsBytesEvenIfTheNextOneWorks() throws IOException {
    VirtualDisk disk = new VirtualDisk();
    boolean[] failing = {false};
    Path file =
        disk.mount(
                (operation, _) -> {
                  if (failing[0] && operation == Operation.FORCE) {
                    throw new IOException("input/output error");
                  }
                })
            .path("/file");
    write(file, OLD, true);
    disk.forceAll();
    failing[0] = true;
    assertThatThrownBy(() -> write(file, NEW, true)).isInstanceOf(IOException.class);
    failing[0] = false;
    try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
      open.force(true); // says that all is well
    }
    assertThat(disk.durable("/file")).isFalse();

    disk.losePower(new SplittableRandom(1));

    assertThat(Files.readAllBytes(file)).isEqualTo(OLD);
  }

  @Test
  void mount_ofADeadProcess_doesNothingMore() throws IOException {
    VirtualDisk disk = new VirtualDisk();
    VirtualDisk.Mount mount = disk.mount(NONE);
    write(mount.path("/file"), OLD, true);

    mount.kill();

    assertThat(mount.dead()).isTrue();
    assertThatThrownBy(() -> write(mount.path("/file"), NEW, true)).isInstanceOf(ProcessDied.class);
    assertThat(Files.readAllBytes(disk.mount(NONE).path("/file"))).isEqualTo(OLD);
  }

  @Test
  void flip_oneBit_isSeenBeforeAndAfterTheLossOfPower() throws IOException {
    VirtualDisk disk = new VirtualDisk();
    Path file = disk.mount(NONE).path("/file");
    write(file, OLD, true);
    disk.forceAll();

    assertThat(disk.flip(path -> path.equals("/file"), new SplittableRandom(3))).isEqualTo("/file");
    byte[] flipped = Files.readAllBytes(file);
    disk.losePower(new SplittableRandom(4));

    assertThat(flipped).isNotEqualTo(OLD);
    assertThat(Files.readAllBytes(file)).isEqualTo(flipped);
    assertThat(disk.flip(path -> path.equals("/other"), new SplittableRandom(3))).isEmpty();
  }

  @Test
  void open_missingFile_isNoSuchFile() {
    Path file = new VirtualDisk().mount(NONE).path("/none");

    assertThatThrownBy(() -> Files.readAllBytes(file)).isInstanceOf(NoSuchFileException.class);
    assertThat(Files.exists(file)).isFalse();
  }

  private static void write(Path file, byte[] bytes, boolean force) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      int written = out.write(ByteBuffer.wrap(bytes));
      assertThat(written).isEqualTo(bytes.length);
      if (force) {
        out.force(true);
      }
    }
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
      open.force(true);
    }
  }
}
