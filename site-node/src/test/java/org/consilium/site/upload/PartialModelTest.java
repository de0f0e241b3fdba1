package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask.ModelReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What came of a model survives the process, and what was spoilt is found chunk by chunk. */
final class PartialModelTest {
  private static final int CHUNK = 1 << 20;

  @TempDir Path folder;

  private final byte[] file = new byte[3 * CHUNK + 1000];
  private ModelReference model;

  @BeforeEach
  void draw() {
    new SplittableRandom(1).nextBytes(file);
    Digest digest = Digest.sha256(file);
    model = new ModelReference(new ModelVersion(digest), file.length, digest);
  }

  @Test
  void append_inOddPieces_hasTheDigestWithoutReadingAgain() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
      for (int at = 0; at < file.length; at += 333_333) {
        assertThat(partial.append(piece(at, Math.min(file.length, at + 333_333)))).isTrue();
      }

      assertThat(partial.complete()).isTrue();
      Files.write(part(), new byte[] {1}); // nothing is read any more
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  @Test
  void open_afterACrash_wholeChunksNeedNotComeAgain() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, 2 * CHUNK + 500))).isTrue();
    }

    try (PartialModel partial = open()) {
      assertThat(partial.have()).isEqualTo(2L * CHUNK);
      assertThat(partial.needsDigests()).isFalse();
      assertThat(partial.append(piece(2 * CHUNK, file.length))).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  @Test
  void open_chunkSpoiltOnDisk_goesOnBeforeIt() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, 3 * CHUNK))).isTrue();
    }
    spoil(CHUNK + 17);

    try (PartialModel partial = open()) {
      assertThat(partial.have()).isEqualTo(CHUNK);
      assertThat(partial.append(piece(CHUNK, file.length))).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  /** Neither file is forced: after a power cut the part may be torn, and the list gone. */
  @Test
  void open_withoutDigests_beginsAnew() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.append(piece(0, 2 * CHUNK))).isTrue();
    }
    spoil(17);

    try (PartialModel partial = open()) {
      assertThat(partial.have()).isZero();
      assertThat(Files.size(part())).isZero();
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, file.length))).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  @Test
  void open_listSpoiltOnDisk_countsAsNone() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, 2 * CHUNK))).isTrue();
    }
    byte[] spoilt = Files.readAllBytes(list());
    spoilt[2 * Digest.BYTES + 5] ^= 1; // of the chunk that comes next

    for (byte[] each : List.of(spoilt, new byte[spoilt.length], digests())) {
      Files.write(list(), each); // one bit, as a power cut leaves it, as it was written before
      try (PartialModel partial = open()) {
        assertThat(partial.needsDigests()).isTrue();
        assertThat(partial.have()).isZero();
      }
    }
  }

  @Test
  void append_mismatchAfterAFormerProcess_beginsAnewOnceThenIsRefused() throws Exception {
    byte[] wrong = digests();
    wrong[2 * Digest.BYTES] ^= 1;
    try (PartialModel partial = open()) {
      assertThat(partial.digests(wrong)).isTrue();
      assertThat(partial.append(piece(0, 2 * CHUNK))).isTrue();
    }

    try (PartialModel partial = open()) {
      assertThat(partial.have()).isEqualTo(2L * CHUNK);
      assertThat(partial.append(piece(2 * CHUNK, 3 * CHUNK))).isFalse();
      assertThat(partial.append(piece(2 * CHUNK, 3 * CHUNK))).isFalse();
      assertThat(partial.have()).isZero();
      assertThat(partial.needsDigests()).isTrue();
      assertThat(list()).doesNotExist();

      assertThat(partial.digests(wrong)).isTrue();
      assertThat(partial.append(piece(0, 3 * CHUNK))).isFalse();
      assertThatThrownBy(() -> partial.append(piece(2 * CHUNK, 3 * CHUNK)))
          .isInstanceOf(PartialModel.Damaged.class)
          .hasMessageContaining("chunk 3 of 4");
    }
  }

  @Test
  void append_mismatchAfterAFormerProcess_theRightListMendsIt() throws Exception {
    byte[] wrong = digests();
    wrong[2 * Digest.BYTES] ^= 1;
    try (PartialModel partial = open()) {
      assertThat(partial.digests(wrong)).isTrue();
      assertThat(partial.append(piece(0, 2 * CHUNK))).isTrue();
    }

    try (PartialModel partial = open()) {
      assertThat(partial.append(piece(2 * CHUNK, 3 * CHUNK))).isFalse();
      assertThat(partial.append(piece(2 * CHUNK, 3 * CHUNK))).isFalse();
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, file.length))).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  @Test
  void append_diskNearlyFull_stopsAtTheReserveAndGoesOnLater() throws Exception {
    int reserved = 1000;
    AtomicLong free = new AtomicLong(2L * CHUNK + reserved);
    DiskReserve reserve = new DiskReserve(() -> free.get() - Files.size(part()), reserved);
    try (PartialModel partial = PartialModel.open(model, part(), list(), reserve)) {
      assertThat(partial.digests(digests())).isTrue();
      assertThatThrownBy(() -> partial.append(piece(0, file.length)))
          .isInstanceOf(DiskReserve.NoRoom.class)
          .hasMessageContaining("%d bytes are to come".formatted(file.length - 2 * CHUNK))
          .hasMessageContaining("1000 are free, and 1000 of them stay free");
    }
    assertThat(Files.size(part())).isEqualTo(2L * CHUNK);

    free.set(file.length + reserved);
    try (PartialModel partial = PartialModel.open(model, part(), list(), reserve)) {
      assertThat(partial.have()).isEqualTo(2L * CHUNK);
      assertThat(partial.append(piece(2 * CHUNK, file.length))).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
  }

  @Test
  void append_damagedChunk_comesOnceMoreThenIsRefused() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
      assertThat(partial.append(piece(0, CHUNK))).isTrue();
      byte[] damaged = Arrays.copyOfRange(file, CHUNK, 2 * CHUNK);
      damaged[0] ^= 1;

      assertThat(partial.append(ByteBuffer.wrap(damaged))).isFalse();
      assertThat(partial.have()).isEqualTo(CHUNK);
      assertThatThrownBy(() -> partial.append(ByteBuffer.wrap(damaged)))
          .isInstanceOf(PartialModel.Damaged.class)
          .hasMessageContaining("chunk 2 of 4");
    }
  }

  @Test
  void digests_ofAnotherLength_areRefused() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(new byte[96])).isFalse();
      assertThat(partial.needsDigests()).isTrue();
    }
  }

  @Test
  void digests_lastIsNotTheVersion_areRefused() throws Exception {
    byte[] others = digests();
    others[others.length - 1] ^= 1;

    try (PartialModel partial = open()) {
      assertThat(partial.digests(others)).isFalse();
      assertThat(partial.needsDigests()).isTrue();
      assertThat(list()).doesNotExist();
    }
  }

  @Test
  void open_fileLongerThanTheModel_isCut() throws Exception {
    try (PartialModel partial = open()) {
      assertThat(partial.digests(digests())).isTrue();
    }
    byte[] more = Arrays.copyOf(file, file.length + 10);
    Files.write(part(), more);

    try (PartialModel partial = open()) {
      assertThat(partial.complete()).isTrue();
      assertThat(partial.digest()).isEqualTo(model.version().digest());
    }
    assertThat(Files.size(part())).isEqualTo(file.length);
  }

  private PartialModel open() throws IOException {
    return PartialModel.open(model, part(), list(), new DiskReserve(() -> Long.MAX_VALUE, 0));
  }

  private Path list() {
    return folder.resolve("list");
  }

  private Path part() {
    return folder.resolve("part");
  }

  private ByteBuffer piece(int from, int to) {
    return ByteBuffer.wrap(file, from, to - from).asReadOnlyBuffer();
  }

  private byte[] digests() {
    ByteBuffer all = ByteBuffer.allocate(4 * Digest.BYTES);
    for (int at = 0; at < file.length; at += CHUNK) {
      all.put(Digest.sha256(Arrays.copyOf(file, Math.min(file.length, at + CHUNK))).bytes());
    }
    return all.array();
  }

  private void spoil(long at) throws IOException {
    try (FileChannel out = FileChannel.open(part(), StandardOpenOption.WRITE)) {
      assertThat(out.write(ByteBuffer.wrap(new byte[] {(byte) ~file[(int) at]}), at)).isEqualTo(1);
    }
  }
}
