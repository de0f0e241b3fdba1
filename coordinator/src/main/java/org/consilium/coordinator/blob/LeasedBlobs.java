package org.consilium.coordinator.blob;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Blobs of which only the leader removes any. What a former leader still puts does no harm: names
 * go by content, a study's key by its public half. What it still removed could be missed.
 *
 * @param held whether this process leads
 */
record LeasedBlobs(Blobs blobs, BooleanSupplier held) implements Blobs {
  @Override
  public void put(String key, Path file) throws IOException {
    blobs.put(key, file);
  }

  @Override
  public void put(String key, byte[] bytes) throws IOException {
    blobs.put(key, bytes);
  }

  @Override
  public boolean fetch(String key, Path file) throws IOException {
    return blobs.fetch(key, file);
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
    if (!held.getAsBoolean()) {
      throw new IOException("remove blob %s: this coordinator no longer leads".formatted(key));
    }
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
