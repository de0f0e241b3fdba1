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

final class RunningDigestsTest {
  @TempDir Path folder;

  @Test
  void of_twoChunks_eachBeginningHasItsDigest_andASpoiltListIsMadeAnew() throws Exception {
    byte[] bytes = new byte[Limits.MODEL_CHUNK_BYTES + 1000];
    new Random(1).nextBytes(bytes);
    Path model = Files.write(folder.resolve("model"), bytes);
    byte[] first = Digest.sha256(Arrays.copyOf(bytes, Limits.MODEL_CHUNK_BYTES)).bytes();
    byte[] whole = Digest.sha256(bytes).bytes();

    Digest version = Digest.sha256(bytes);
    byte[] digests = RunningDigests.of(model, version).orElseThrow().bytes();

    assertThat(Arrays.copyOf(digests, 32)).isEqualTo(first);
    assertThat(Arrays.copyOfRange(digests, 32, 64)).isEqualTo(whole);
    assertThat(digests).hasSize(64);
    Path kept = RunningDigests.beside(model);
    byte[] spoilt = Files.readAllBytes(kept);
    spoilt[40] ^= 1;
    Files.write(kept, spoilt);
    assertThat(RunningDigests.of(model, version).orElseThrow().bytes()).isEqualTo(digests);
    Files.write(kept, new byte[spoilt.length]); // as a power cut leaves it
    assertThat(RunningDigests.of(model, version).orElseThrow().bytes()).isEqualTo(digests);
    bytes[7] ^= 1;
    Files.write(model, bytes);
    Files.delete(kept);
    assertThat(RunningDigests.of(model, version)).as("of a damaged file").isEmpty();
    assertThat(kept).doesNotExist();
  }
}
