package org.consilium.coordinator.blob;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * A content store that machines share. A key is parts of {@code [A-Za-z0-9][A-Za-z0-9._-]*} joined
 * by slashes. What is put is there whole or not at all, and durable when the call returns; putting
 * the same again is harmless. Safe for use by many threads.
 */
public interface Blobs extends AutoCloseable {
  /**
   * One blob of a list.
   *
   * @param bytes its length
   */
  record Entry(String key, long bytes) {}

  /** Keeps a file's bytes under a key, in place of what was there. */
  void put(String key, Path file) throws IOException;

  /** Keeps bytes under a key, in place of what was there. */
  void put(String key, byte[] bytes) throws IOException;

  /**
   * Copies a blob into a file that is there whole or not at all.
   *
   * @return false if there is no such blob; then the file is as it was
   */
  boolean fetch(String key, Path file) throws IOException;

  /**
   * A part of a blob; empty if there is no such blob.
   *
   * @param offset of the first byte
   * @param length bytes at most; fewer only at the blob's end
   */
  Optional<byte[]> read(String key, long offset, int length) throws IOException;

  /** A blob's length; empty if there is none. */
  OptionalLong size(String key) throws IOException;

  /** Removes a blob, if it is there. */
  void delete(String key) throws IOException;

  /** Gives all blobs whose keys begin with {@code prefix} to {@code reader}, in no fixed order. */
  void list(String prefix, Consumer<Entry> reader) throws IOException;

  @Override
  void close();
}
