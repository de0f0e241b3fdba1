package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelCacheTest {
  private static final byte[] BYTES =
      "a model's bytes".getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private static final ModelVersion VERSION = new ModelVersion(Digest.sha256(BYTES));

  @TempDir Path folder;

  @Test
  void right_untouchedFile_staysRight() throws Exception {
    ModelCache cache = new ModelCache(folder);
    Files.write(cache.file(VERSION), BYTES);

    assertThat(cache.right(VERSION)).isTrue();
    cache.trim(cache.file(VERSION));
    assertThat(cache.right(VERSION)).isTrue();
  }

  @Test
  void f8_right_bytesChangedAfterTheyWereHashed_notRight() throws Exception {
    ModelCache cache = new ModelCache(folder);
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
    ModelCache cache = new ModelCache(folder);
    Files.write(cache.file(VERSION), BYTES);
    cache.trim(cache.file(VERSION));
    Path other = folder.resolve("other");
    Files.write(other, new byte[BYTES.length]);
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(cache.file(VERSION)));

    Files.move(other, cache.file(VERSION), java.nio.file.StandardCopyOption.REPLACE_EXISTING);

    assertThat(cache.right(VERSION)).isFalse();
  }
}
