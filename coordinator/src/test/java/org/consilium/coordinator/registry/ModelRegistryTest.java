package org.consilium.coordinator.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.coordinator.blob.FolderBlobs;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that another coordinator published. */
final class ModelRegistryTest {
  private static final byte[] BYTES = {1, 2, 3};
  private static final ModelVersion VERSION = new ModelVersion(Digest.sha256(BYTES));
  private static final String KEY = "models/" + VERSION.digest().hex() + ".safetensors";

  @TempDir Path folder;

  @Test
  void find_manyAskAtOnce_oneFetchesAndAllHaveIt() throws Exception {
    SlowStore store = store();
    ModelRegistry here = ModelRegistry.open(folder.resolve("here"), Optional.of(store));
    List<Callable<Optional<Path>>> asked = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asked.add(() -> here.find(VERSION));
    }

    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var found : threads.invokeAll(asked)) {
        assertThat(found.get()).hasValueSatisfying(f -> assertThat(f).hasBinaryContent(BYTES));
      }
    }

    assertThat(store.fetches).hasValue(1);
    assertThat(files(folder.resolve("here"))).hasSize(1);
  }

  @Test
  void find_versionThatIsNowhere_leavesNothing() throws Exception {
    SlowStore store = store();
    ModelRegistry here = ModelRegistry.open(folder.resolve("here"), Optional.of(store));

    assertThat(here.find(new ModelVersion(Digest.sha256(new byte[] {4})))).isEmpty();

    assertThat(store.fetches).hasValue(0);
    assertThat(files(folder.resolve("here"))).isEmpty();
  }

  @Test
  void find_afterItWasDropped_fetchesAgain() throws Exception {
    SlowStore store = store();
    ModelRegistry here = ModelRegistry.open(folder.resolve("here"), Optional.of(store));
    assertThat(here.find(VERSION)).isPresent();
    here.drop(VERSION);
    assertThat(here.find(VERSION)).isEmpty();

    store.put(KEY, BYTES);

    assertThat(here.find(VERSION)).isPresent();
  }

  private SlowStore store() throws IOException {
    SlowStore store = new SlowStore(FolderBlobs.open(folder.resolve("store")));
    store.put(KEY, BYTES);
    return store;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.toList();
    }
  }

  /** Blobs whose fetch takes long enough for a second one to begin. */
  private static final class SlowStore implements Blobs {
    final AtomicInteger fetches = new AtomicInteger();
    private final Blobs blobs;
    private final CountDownLatch second = new CountDownLatch(2);

    SlowStore(Blobs blobs) {
      this.blobs = blobs;
    }

    @Override
    public boolean fetch(String key, Path file) throws IOException {
      int _ = fetches.incrementAndGet();
      second.countDown();
      try {
        boolean _ = second.await(300, TimeUnit.MILLISECONDS);
      } catch (InterruptedException stopped) {
        throw new IOException("interrupted", stopped);
      }
      return blobs.fetch(key, file);
    }

    @Override
    public void put(String key, Path file) throws IOException {
      blobs.put(key, file);
    }

    @Override
    public void put(String key, byte[] bytes) throws IOException {
      blobs.put(key, bytes);
    }

    @Override
    public Optional<byte[]> read(String key, long offset, int length) throws IOException {
      return blobs.read(key, offset, length);
    }

    @Override
    public OptionalLong size(String key) throws IOException {
      return blobs.size(key);
    }

    @Override
    public void delete(String key) throws IOException {
      blobs.delete(key);
    }

    @Override
    public void list(String prefix, Consumer<Entry> reader) throws IOException {
      blobs.list(prefix, reader);
    }

    @Override
    public void close() {
      blobs.close();
    }
  }
}
