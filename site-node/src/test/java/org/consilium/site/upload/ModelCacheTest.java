package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask.ModelReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelCacheTest {
  private static final byte[] BYTES =
      "a model's bytes".getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private static final ModelVersion VERSION = new ModelVersion(Digest.sha256(BYTES));

  @TempDir Path folder;

  @Test
  void right_untouchedFile_staysRight() throws Exception {
    ModelCache cache = ModelCache.open(folder);
    Files.write(cache.file(VERSION), BYTES);

    assertThat(cache.right(VERSION)).isTrue();
    cache.trim(cache.file(VERSION));
    assertThat(cache.right(VERSION)).isTrue();
  }

  @Test
  void f8_right_bytesChangedAfterTheyWereHashed_notRight() throws Exception {
    ModelCache cache = ModelCache.open(folder);
    Files.write(cache.file(VERSION), BYTES);
    cache.trim(cache.file(VERSION));
    byte[] flipped = BYTES.clone();
    flipped[3] ^= 1;

    Files.write(cache.file(VERSION), flipped);

    assertThat(cache.right(VERSION)).isFalse();
    Files.write(cache.file(VERSION), BYTES);
    assertThat(cache.right(VERSION)).isTrue();
  }

  @Test
  void f8_right_anotherFileOfTheSameLengthInItsPlace_notRight() throws Exception {
    ModelCache cache = ModelCache.open(folder);
    Files.write(cache.file(VERSION), BYTES);
    cache.trim(cache.file(VERSION));
    Path other = folder.resolve("other");
    Files.write(other, new byte[BYTES.length]);
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(cache.file(VERSION)));

    Files.move(other, cache.file(VERSION), java.nio.file.StandardCopyOption.REPLACE_EXISTING);

    assertThat(cache.right(VERSION)).isFalse();
  }

  @Test
  void begin_versionsWithoutEnd_theOldestUnfinishedGo() throws Exception {
    ModelCache cache = ModelCache.open(folder);
    for (int i = 0; i < 3 * ModelCache.PARTS_MAX; i++) {
      unfinished(cache, i, 10);
      assertThat(parts()).hasSizeLessThanOrEqualTo(ModelCache.PARTS_MAX);
    }

    assertThat(parts())
        .containsExactlyInAnyOrder(
            cache.part(version(8)),
            cache.part(version(9)),
            cache.part(version(10)),
            cache.part(version(11)));
    assertThat(cache.list(version(0))).doesNotExist();
    assertThat(cache.list(version(11))).exists();
  }

  @Test
  void begin_oneOfTheOldest_staysAndAnotherGoes() throws Exception {
    ModelCache cache = ModelCache.open(folder);
    for (int i = 0; i < ModelCache.PARTS_MAX; i++) {
      unfinished(cache, i, 10);
    }
    Files.write(cache.part(version(9)), new byte[10]); // as a former node left one too many
    Files.setLastModifiedTime(cache.part(version(9)), FileTime.fromMillis(9_000));

    cache.begin(reference(0, 100)).close();

    assertThat(parts())
        .contains(cache.part(version(0)), cache.part(version(9)))
        .doesNotContain(cache.part(version(1)))
        .hasSize(ModelCache.PARTS_MAX);
  }

  @Test
  void begin_diskNearlyFull_othersMakeRoomAndNoMoreThanNeeded() throws Exception {
    ModelCache roomy = ModelCache.open(folder);
    for (int i = 0; i < 3; i++) {
      unfinished(roomy, i, 100);
    }
    // Of 330 bytes 300 are taken; 80 are to come and 20 to stay free: one of the others has to go.
    ModelCache cache = new ModelCache(folder, new DiskReserve(() -> 330 - bytesOfParts(), 20));

    cache.begin(reference(5, 80)).close();

    assertThat(parts())
        .containsExactlyInAnyOrder(
            cache.part(version(1)), cache.part(version(2)), cache.part(version(5)));
  }

  @Test
  void begin_moreThanTheDiskCanHold_isRefusedWithTheNumbersAndNobodyMakesRoom() throws Exception {
    ModelCache roomy = ModelCache.open(folder);
    unfinished(roomy, 0, 100);
    ModelCache cache = new ModelCache(folder, new DiskReserve(() -> 250, 50));

    assertThatThrownBy(() -> cache.begin(reference(1, 301)))
        .isInstanceOf(DiskReserve.NoRoom.class)
        .hasMessageContaining("301 bytes are to come, 250 are free, and 50 of them stay free");

    assertThat(parts()).containsExactly(cache.part(version(0)));
    cache.begin(reference(1, 300)).close();
    assertThat(parts()).containsExactly(cache.part(version(1)));
  }

  @Test
  void begin_resumed_onlyWhatIsMissingNeedsRoom() throws Exception {
    ModelCache roomy = ModelCache.open(folder);
    unfinished(roomy, 0, 100);
    ModelCache cache = new ModelCache(folder, new DiskReserve(() -> 60, 50));

    cache.begin(reference(0, 110)).close();

    assertThatThrownBy(() -> cache.begin(reference(1, 111))).isInstanceOf(DiskReserve.NoRoom.class);
  }

  @Test
  void reserve_ofADisk_isSmallWhereTheDiskIs() {
    assertThat(DiskReserve.bytesOf(1L << 40)).isEqualTo(256L << 20);
    assertThat(DiskReserve.bytesOf(100L << 20)).isEqualTo(5L << 20);
    assertThat(DiskReserve.bytesOf(0)).isZero();
  }

  /** An unfinished file of so many bytes, newer than those of lower numbers. */
  private static void unfinished(ModelCache cache, int number, int bytes) throws IOException {
    cache.begin(reference(number, 1000)).close();
    Path part = cache.part(version(number));
    Files.write(part, new byte[bytes]);
    Files.write(cache.list(version(number)), new byte[1]);
    Files.setLastModifiedTime(part, FileTime.fromMillis(1000L * number));
  }

  private static ModelVersion version(int number) {
    return new ModelVersion(Digest.sha256(new byte[] {(byte) number, 1}));
  }

  private static ModelReference reference(int number, long bytes) {
    return new ModelReference(version(number), bytes, version(number).digest());
  }

  private List<Path> parts() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.toString().endsWith(".part")).toList();
    }
  }

  private long bytesOfParts() throws IOException {
    long bytes = 0;
    for (Path part : parts()) {
      bytes += Files.size(part);
    }
    return bytes;
  }
}
