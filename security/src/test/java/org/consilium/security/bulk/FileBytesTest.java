package org.consilium.security.bulk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileBytesTest {
  private static final int BYTES = 3 * (64 << 10) + 7; // three steps and a bit

  @TempDir private Path folder;

  @Test
  void write_thenRead_allOfIt_atItsPlace() throws IOException {
    byte[] sent = new byte[BYTES];
    new SplittableRandom(1).nextBytes(sent);
    try (FileChannel file = open()) {
      ByteBuffer from = ByteBuffer.wrap(sent, 5, BYTES - 5);
      FileBytes.write(file, from, 100);

      ByteBuffer into = ByteBuffer.allocate(BYTES - 5);
      assertThat(FileBytes.read(file, into, 100)).isTrue();
      assertThat(from.hasRemaining()).isFalse();
      assertThat(into.array()).isEqualTo(Arrays.copyOfRange(sent, 5, BYTES));
      assertThat(file.size()).isEqualTo(100 + BYTES - 5);
      assertThat(file.position()).isZero();
    }
  }

  @Test
  void read_fileEndsBefore_saysSo_withWhatThereWas() throws IOException {
    Files.write(folder.resolve("file"), new byte[] {1, 2, 3});
    try (FileChannel file = open()) {
      ByteBuffer into = ByteBuffer.allocate(4);

      assertThat(FileBytes.read(file, into, 1)).isFalse();
      assertThat(into.flip().remaining()).isEqualTo(2);
    }
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(
        folder.resolve("file"),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }
}
