package org.consilium.security.bulk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WriteBackTest {
  private static final int STEP = 32 << 20;

  @TempDir private Path folder;

  private final Queue<Runnable> asked = new ArrayDeque<>();
  private final WriteBack writeBack = new WriteBack(asked::add);
  private FileChannel file;

  @BeforeEach
  void open() throws IOException {
    file =
        FileChannel.open(
            folder.resolve("file"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  @AfterEach
  void close() throws IOException {
    file.close();
  }

  @Test
  void wrote_lessThanAStep_asksNothing() {
    writeBack.wrote(file, STEP - 1);

    assertThat(asked).isEmpty();
    assertThatCode(writeBack::end).doesNotThrowAnyException();
  }

  @Test
  void wrote_aStepWhileOneIsUnderWay_asksAgainAfterIt() {
    writeBack.wrote(file, STEP);
    writeBack.wrote(file, STEP);
    assertThat(asked).hasSize(1);

    asked.remove().run();
    writeBack.wrote(file, 1);

    assertThat(asked).hasSize(1);
    asked.remove().run();
    assertThatCode(writeBack::end).doesNotThrowAnyException();
  }

  /** A disk says once that it lost something: whoever asks at the end must hear it. */
  @Test
  void end_diskRefusedOneStep_throwsItAndAsksNoMore() throws IOException {
    writeBack.wrote(file, STEP);
    file.close();
    asked.remove().run();
    writeBack.wrote(file, STEP);

    assertThat(asked).isEmpty();
    assertThatThrownBy(writeBack::end)
        .isInstanceOf(IOException.class)
        .hasRootCauseInstanceOf(ClosedChannelException.class);
    assertThatCode(writeBack::stop).doesNotThrowAnyException();
  }
}
