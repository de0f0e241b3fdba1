package org.consilium.coordinator.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChunkDigestsTest {
  @TempDir Path folder;

  @Test
  void of_twoChunks_eachHasItsDigest_andASpoiltListIsMadeAnew() throws Exception {
    byte[] bytes = new byte[Limits.MODEL_CHUNK_BYTES + 1000];
    new Random(1).nextBytes(bytes);
    Path model = Files.write(folder.resolve("model"), bytes);
    byte[] first = Digest.sha256(Arrays.copyOf(bytes, Limits.MODEL_CHUNK_BYTES)).bytes();
    byte[] second =
        Digest.sha256(Arrays.copyOfRange(bytes, Limits.MODEL_CHUNK_BYTES, bytes.length)).bytes();

    byte[] digests = ChunkDigests.of(model);

    assertThat(Arrays.copyOf(digests, 32)).isEqualTo(first);
    assertThat(Arrays.copyOfRange(digests, 32, 64)).isEqualTo(second);
    assertThat(digests).hasSize(64);
    Path kept = ChunkDigests.beside(model);
    byte[] spoilt = Files.readAllBytes(kept);
    spoilt[40] ^= 1;
    Files.write(kept, spoilt);
    assertThat(ChunkDigests.of(model)).isEqualTo(digests);
    Files.write(kept, new byte[spoilt.length]); // as a power cut leaves it
    assertThat(ChunkDigests.of(model)).isEqualTo(digests);
  }
}
