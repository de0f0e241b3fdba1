package org.consilium.coordinator.blob;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.consilium.security.keyfile.DurableFolder;

/**
 * Blobs as files of a folder that all machines see, for example on a file server. Once the folder
 * was seen with the store's name in it, one without it is not taken for the same: it is what a file
 * server that went away leaves under its mount.
 */
public final class FolderBlobs implements Blobs {
  private final Path root;
  private final AtomicBoolean named = new AtomicBoolean();

  private FolderBlobs(Path root) {
    this.root = root;
  }

  /** Opens a folder; creates it when it is not there. */
  public static FolderBlobs open(Path root) throws IOException {
    return new FolderBlobs(DurableFolder.create(root.toAbsolutePath().normalize()));
  }

  @Override
  public void put(String key, Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      write(
          path(key),
          out -> {
            long done = 0;
            while (done < in.size()) {
              done += in.transferTo(done, in.size() - done, out);
            }
          });
    }
  }

  @Override
  public void put(String key, byte[] bytes) throws IOException {
    write(
        path(key),
        out -> {
          ByteBuffer rest = ByteBuffer.wrap(bytes);
          while (rest.hasRemaining()) {
            out.write(rest);
          }
        });
  }

  @Override
  public boolean fetch(String key, Path file) throws IOException {
    Path draft = Drafts.beside(file);
    try (InputStream in = Files.newInputStream(path(key))) {
      long _ = Drafts.fill(draft, in);
      Drafts.place(draft, file);
      return true;
    } catch (NoSuchFileException absent) {
      return false;
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  @Override
  public Optional<byte[]> read(String key, long offset, int length) throws IOException {
    try (FileChannel in = FileChannel.open(path(key), StandardOpenOption.READ)) {
      var bytes = Channels.newInputStream(in.position(Math.min(offset, in.size())));
      return Optional.of(bytes.readNBytes(length));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    }
  }

  @Override
  public OptionalLong size(String key) throws IOException {
    Path file = path(key);
    if (!Files.isRegularFile(file)) {
      return OptionalLong.empty();
    }
    // Whoever asks puts nothing if it is there; who put it may have been killed before its force.
    DurableFolder.force(file.resolveSibling("."), root);
    return OptionalLong.of(Files.size(file));
  }

  @Override
  public void delete(String key) throws IOException {
    Files.deleteIfExists(path(key));
  }

  @Override
  public void list(String prefix, Consumer<Entry> reader) throws IOException {
    checkName();
    Path from = prefix.contains("/") ? root.resolve(folder(prefix)) : root;
    if (!Files.isDirectory(from)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(from)) {
      files = all.filter(f -> !f.getFileName().toString().startsWith(".")).toList();
    } catch (UncheckedIOException broken) {
      throw new IOException("list blobs %s".formatted(prefix), broken);
    }
    for (Path file : files) {
      String key = root.relativize(file).toString().replace('\\', '/');
      if (key.startsWith(prefix) && Files.isRegularFile(file)) {
        reader.accept(new Entry(key, Files.size(file)));
      }
    }
  }

  @Override
  public void close() {
    // nothing is held open
  }

  private static String folder(String prefix) {
    return BlobKey.check(prefix.substring(0, prefix.lastIndexOf('/')));
  }

  private Path path(String key) throws IOException {
    Path file = root.resolve(BlobKey.check(key));
    if (!key.equals(SharedStore.ID)) {
      checkName();
    }
    return file;
  }

  private void checkName() throws IOException {
    if (Files.isRegularFile(root.resolve(SharedStore.ID))) {
      named.set(true);
    } else if (named.get()) {
      throw new IOException(
          "store %s: its file %s is not there any more; is it mounted?"
              .formatted(root, SharedStore.ID));
    }
  }

  /** Fills an open file. */
  private interface Filler {
    void fill(FileChannel out) throws IOException;
  }

  private void write(Path file, Filler filler) throws IOException {
    Path folder = Files.createDirectories(file.resolveSibling("."));
    Path draft = Drafts.beside(file);
    try {
      try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        filler.fill(out);
        out.force(true);
      }
      Drafts.place(draft, file);
    } finally {
      Files.deleteIfExists(draft);
    }
    DurableFolder.force(folder, root);
  }
}
