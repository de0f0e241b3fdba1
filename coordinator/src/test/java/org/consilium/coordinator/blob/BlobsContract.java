package org.consilium.coordinator.blob;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.consilium.protocol.Digest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every store of blobs must do. */
abstract class BlobsContract {
  /** More than two parts of an upload in parts, and no whole number of them. */
  private static final int LONG = (17 << 20) + 5;

  @TempDir Path local;
  Blobs blobs;

  /** An empty store. */
  abstract Blobs fresh() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    blobs = fresh();
  }

  @AfterEach
  void closeStore() {
    blobs.close();
  }

  @Test
  void put_bytes_areThereWithTheirLength() throws Exception {
    blobs.put("spool/one/1-1/north.manifest", "said".getBytes(UTF_8));

    assertThat(blobs.size("spool/one/1-1/north.manifest")).isEqualTo(OptionalLong.of(4));
    assertThat(blobs.read("spool/one/1-1/north.manifest", 0, 100))
        .hasValueSatisfying(b -> assertThat(b).isEqualTo("said".getBytes(UTF_8)));
  }

  @Test
  void put_emptyBytes_isABlob() throws Exception {
    blobs.put("empty", new byte[0]);

    assertThat(blobs.size("empty")).isEqualTo(OptionalLong.of(0));
    assertThat(blobs.read("empty", 0, 1)).hasValueSatisfying(b -> assertThat(b).isEmpty());
  }

  @Test
  void put_longFile_comesBackByteForByte() throws Exception {
    Path file = file(LONG);

    blobs.put("models/long.safetensors", file);
    boolean there = blobs.fetch("models/long.safetensors", local.resolve("sub/back"));

    assertThat(there).isTrue();
    assertThat(Digest.sha256(local.resolve("sub/back"))).isEqualTo(Digest.sha256(file));
    assertThat(blobs.size("models/long.safetensors")).isEqualTo(OptionalLong.of(LONG));
  }

  @Test
  void read_range_isThatPartAndEndsWithTheBlob() throws Exception {
    byte[] bytes = new byte[1000];
    new Random(7).nextBytes(bytes);
    blobs.put("b", bytes);

    assertThat(blobs.read("b", 10, 20).orElseThrow())
        .isEqualTo(java.util.Arrays.copyOfRange(bytes, 10, 30));
    assertThat(blobs.read("b", 990, 20).orElseThrow())
        .isEqualTo(java.util.Arrays.copyOfRange(bytes, 990, 1000));
    assertThat(blobs.read("b", 2000, 20).orElseThrow()).isEmpty();
    assertThat(blobs.read("b", 0, 0).orElseThrow()).isEmpty();
  }

  @Test
  void put_again_isTheNewBytesAndOneBlob() throws Exception {
    blobs.put("b", new byte[] {1, 2, 3});
    blobs.put("b", new byte[] {4});

    assertThat(blobs.read("b", 0, 9).orElseThrow()).isEqualTo(new byte[] {4});
    assertThat(listed("")).containsExactlyEntriesOf(new TreeMap<>(Map.of("b", 1L)));
  }

  /** Keys come this way too. */
  @Test
  void fetch_file_isReadableByItsOwnerAlone() throws Exception {
    blobs.put("b", new byte[] {1});

    boolean there = blobs.fetch("b", local.resolve("b"));

    assertThat(there).isTrue();
    assertThat(Files.getPosixFilePermissions(local.resolve("b")))
        .isEqualTo(java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void fetch_absent_isFalseAndLeavesTheFileAlone() throws Exception {
    Path file = Files.writeString(local.resolve("kept"), "as it was");

    assertThat(blobs.fetch("absent", file)).isFalse();
    assertThat(blobs.read("absent", 0, 10)).isEmpty();
    assertThat(blobs.size("absent")).isEmpty();
    assertThat(file).hasContent("as it was");
    try (var left = Files.list(local)) {
      assertThat(left.map(p -> p.getFileName().toString()).filter(n -> n.endsWith(".part")))
          .isEmpty();
    }
  }

  @Test
  void put_fileThatIsNotThere_failsAndKeepsWhatWas() throws Exception {
    blobs.put("b", new byte[] {1});

    assertThatThrownBy(() -> blobs.put("b", local.resolve("nowhere")))
        .isInstanceOf(IOException.class);

    assertThat(blobs.read("b", 0, 9).orElseThrow()).isEqualTo(new byte[] {1});
  }

  @Test
  void delete_oneBlob_leavesTheOthers_andTwiceIsHarmless() throws Exception {
    blobs.put("a/one", new byte[1]);
    blobs.put("a/two", new byte[2]);

    blobs.delete("a/one");
    blobs.delete("a/one");

    assertThat(listed("a/")).containsOnlyKeys("a/two");
  }

  @Test
  void list_prefix_isOfTheKeyAndNotOfItsParts() throws Exception {
    blobs.put("spool/study/1-1/north.sealed", new byte[1]);
    blobs.put("spool/study/1-1/northern.sealed", new byte[2]);
    blobs.put("spool/study-two/1-1/north.sealed", new byte[3]);
    blobs.put("models/x", new byte[4]);

    assertThat(listed("spool/study/"))
        .containsOnlyKeys("spool/study/1-1/north.sealed", "spool/study/1-1/northern.sealed");
    assertThat(listed("spool/study/1-1/north.")).containsOnlyKeys("spool/study/1-1/north.sealed");
    assertThat(listed("spool/none/")).isEmpty();
    assertThat(listed("")).hasSize(4);
  }

  @Test
  void list_moreThanAPage_isComplete() throws Exception {
    List<Callable<Void>> puts = new ArrayList<>();
    for (int i = 0; i < 1100; i++) { // a service answers at most 1000 at a time
      String key = "many/" + i;
      puts.add(
          () -> {
            blobs.put(key, new byte[1]);
            return null;
          });
    }
    try (var threads = Executors.newFixedThreadPool(8)) {
      for (var done : threads.invokeAll(puts)) {
        done.get();
      }
    }

    assertThat(listed("many/")).hasSize(1100);
  }

  @Test
  void put_sameKeyFromManyThreads_isOneOfThemWhole() throws Exception {
    List<Callable<Void>> puts = new ArrayList<>();
    for (int i = 1; i <= 8; i++) {
      byte[] bytes = new byte[50_000];
      java.util.Arrays.fill(bytes, (byte) i);
      puts.add(
          () -> {
            blobs.put("b", bytes);
            return null;
          });
    }
    try (var threads = Executors.newFixedThreadPool(8)) {
      for (var done : threads.invokeAll(puts)) {
        done.get();
      }
    }

    byte[] found = blobs.read("b", 0, 60_000).orElseThrow();
    assertThat(found).hasSize(50_000);
    assertThat(found).containsOnly(found[0]);
  }

  @Test
  void put_illegalKey_isRefused() {
    for (String key : List.of("", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "ä", "a b")) {
      assertThatThrownBy(() -> blobs.put(key, new byte[1]))
          .as(key)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("blob key");
    }
  }

  private Map<String, Long> listed(String prefix) throws IOException {
    TreeMap<String, Long> found = new TreeMap<>();
    blobs.list(prefix, e -> found.put(e.key(), e.bytes()));
    return found;
  }

  private Path file(int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return Files.write(local.resolve("content"), content);
  }
}
