package org.consilium.security.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChainedLogTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-03-01T12:00:00Z"));

  @TempDir Path folder;
  private Path file = Path.of("unset");

  @BeforeEach
  void tenEntries() throws IOException {
    file = folder.resolve("audit.jsonl");
    try (ChainedLog log = ChainedLog.open(file, CLOCK)) {
      for (int i = 0; i < 10; i++) {
        var _ = log.append("update.accepted", Map.of("site", "st-mary", "bytes", 1000 + i));
      }
    }
  }

  @Test
  void append_line_isJsonAndItsHashIsTheDocumentedOne() throws Exception {
    String line = Files.readAllLines(file).get(1);
    JsonNode json = new ObjectMapper().readTree(line);

    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly("seq", "time", "kind", "detail", "prev", "hash");
    // oracle: SHA-256(0x00, entry, previous) with the entry written out here
    String entry =
        "{\"seq\":1,\"time\":\"2026-03-01T12:00:00Z\",\"kind\":\"update.accepted\","
            + "\"detail\":{\"bytes\":1001,\"site\":\"st-mary\"}}";
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    sha.update((byte) 0);
    sha.update(entry.getBytes(StandardCharsets.UTF_8));
    sha.update(HexFormat.of().parseHex(json.path("prev").asText()));
    assertThat(json.path("hash").asText()).isEqualTo(HexFormat.of().formatHex(sha.digest()));
  }

  @Test
  void verify_untouched_intactWithHead() throws IOException {
    ChainedLog.Verification found = ChainedLog.verify(file);

    assertThat(found.intact()).isTrue();
    assertThat(found.entries()).isEqualTo(10);
    assertThat(Files.readString(file)).endsWith("\"hash\":\"" + found.head() + "\"}\n");
  }

  @Test
  void badInput_59_editedDeletedReordered_firstBadIndexNamed() throws IOException {
    List<String> lines = Files.readAllLines(file);
    List<String> edited = new ArrayList<>(lines);
    edited.set(4, lines.get(4).replace("1004", "9004"));
    List<String> deleted = new ArrayList<>(lines);
    deleted.remove(3);
    List<String> swapped = new ArrayList<>(lines);
    Collections.swap(swapped, 6, 7);

    assertThat(firstBad(edited)).isEqualTo(4);
    assertThat(firstBad(deleted)).isEqualTo(3);
    assertThat(firstBad(swapped)).isEqualTo(6);
  }

  @Test
  void open_tornLastLine_cutAndRecorded() throws IOException {
    Files.writeString(file, "{\"seq\":10,\"ti", StandardOpenOption.APPEND);
    assertThat(ChainedLog.verify(file).firstBad()).hasValue(10);

    try (ChainedLog log = ChainedLog.open(file, CLOCK)) {
      assertThat(log.entries()).isEqualTo(11);
      assertThat(log.append("next", Map.of()).seq()).isEqualTo(11);
    }

    assertThat(ChainedLog.verify(file).intact()).isTrue();
    assertThat(Files.readAllLines(file).get(10)).contains("log.torn-line-cut", "\"bytes\":13");
  }

  @Test
  void f8_openCutAtEveryByteOfItsLastLine_keepsTheOthersAndGoesOn() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    int last = new String(whole, StandardCharsets.UTF_8).lastIndexOf('\n', whole.length - 2) + 1;

    for (int length = last; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      int torn = length - last;
      try (ChainedLog log = ChainedLog.open(file, CLOCK)) {
        assertThat(log.entries())
            .as("%d bytes of the last line", torn)
            .isEqualTo(torn > 0 ? 10 : 9);
        var _ = log.append("next", Map.of());
      }

      ChainedLog.Verification verified = ChainedLog.verify(file);
      assertThat(verified.intact()).as("%d bytes of the last line", torn).isTrue();
      assertThat(verified.entries()).isEqualTo(torn > 0 ? 11 : 10);
      assertThat(new String(Files.readAllBytes(file), StandardCharsets.UTF_8))
          .startsWith(new String(whole, 0, last, StandardCharsets.UTF_8));
    }
  }

  @Test
  void open_lastLineEdited_refused() throws IOException {
    Files.writeString(file, Files.readString(file).replace("1009", "1008"));

    assertThatThrownBy(() -> ChainedLog.open(file, CLOCK)).isInstanceOf(BrokenLog.class);
  }

  @Test
  void open_twice_refused() throws IOException {
    try (ChainedLog log = ChainedLog.open(file, CLOCK)) {
      assertThat(log.entries()).isEqualTo(10);
      assertThatThrownBy(() -> ChainedLog.open(file, CLOCK)).hasMessageContaining("already open");
    }
  }

  @Test
  void badInput_60_unicodeControlAndOversize_escapedOrRefused() throws IOException {
    try (ChainedLog log = ChainedLog.open(file, InstantSource.fixed(Instant.EPOCH))) {
      var _ =
          log.append("odd", Map.of("text", "Zürich \u0001\n\"\\ \ud83d\ude00 \ud83d", "x", 0.1));
      assertThatThrownBy(() -> log.append("big", Map.of("text", "x".repeat(1 << 20))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("65536");
      assertThatThrownBy(() -> log.append("nan", Map.of("value", Double.NaN)))
          .isInstanceOf(IllegalArgumentException.class);
      var _ = log.append("after", Map.of());
    }

    assertThat(ChainedLog.verify(file).entries()).isEqualTo(12);
    assertThat(ChainedLog.verify(file).intact()).isTrue();
    assertThat(
            new ObjectMapper()
                .readTree(Files.readAllLines(file).get(10))
                .at("/detail/text")
                .asText())
        .isEqualTo("Zürich \u0001\n\"\\ \ud83d\ude00 \ud83d");
  }

  private long firstBad(List<String> lines) throws IOException {
    Path other = folder.resolve("other.jsonl");
    Files.write(other, lines);
    return ChainedLog.verify(other).firstBad().orElse(-1);
  }
}
