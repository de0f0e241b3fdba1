package org.consilium.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StrayDraftsTest {
  private static final String HEX = "0123456789abcdef".repeat(4);

  @TempDir Path state;

  @Test
  void remove_whatAProcessThatDiedLeft_andNothingElse() throws Exception {
    List<String> go =
        List.of(
            ".store-id",
            ".blob-123.part",
            "keys/.blob-123.part",
            "keys/mri.aggregation.part",
            "models/fetched-17.part",
            "models/.blob-18446744073709551615.part",
            "models/whole-17.part",
            "models/whole-17.part.part",
            "models/draft-mri.safetensors.part",
            "models/draft-mri.moment0.safetensors",
            "models/" + HEX + ".safetensors.digests.draft",
            "foundations/" + HEX + ".safetensors.part",
            "spool/mri/1-1/.blob-5.part",
            "spool/mri/1-1/north.manifest.draft",
            "replay-12345678901234567890/" + HEX + ".safetensors");
    List<String> stay =
        List.of(
            "journal.mv.db",
            "replica",
            "keys/draft-mri.aggregation",
            "keys/mri.aggregation",
            "models/" + HEX + ".safetensors",
            "models/" + HEX + ".whole.safetensors",
            "models/" + HEX + ".moment0.safetensors",
            "models/" + HEX + ".safetensors.digests",
            "foundations/" + HEX + ".safetensors",
            "foundations/draft-of-mine.part",
            "spool/draft-mri/1-1/draft-site.sealed",
            "spool/mri/1-1/KEPT",
            "replay-2026/notes",
            "identity/tls.pem");
    for (String name : Stream.concat(go.stream(), stay.stream()).toList()) {
      Path file = state.resolve(name);
      Files.createDirectories(file.resolveSibling("."));
      Files.writeString(file, name);
    }

    StrayDrafts.remove(state);

    try (Stream<Path> left = Files.walk(state)) {
      assertThat(
              left.filter(Files::isRegularFile)
                  .map(f -> state.relativize(f).toString().replace('\\', '/')))
          .containsExactlyInAnyOrderElementsOf(stay);
    }
    assertThat(state.resolve("replay-12345678901234567890")).doesNotExist();
  }

  @Test
  void remove_fromANewFolder_doesNothing() throws Exception {
    StrayDrafts.remove(state);

    assertThat(state).isEmptyDirectory();
  }
}
