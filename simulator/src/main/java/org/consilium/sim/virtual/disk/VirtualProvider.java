package org.consilium.sim.virtual.disk;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.consilium.sim.virtual.disk.DiskFaults.Operation;
import org.consilium.sim.virtual.disk.Node.File;
import org.consilium.sim.virtual.disk.Node.Folder;
import org.jspecify.annotations.Nullable;

/** What {@code java.nio.file.Files} asks of a virtual disk. */
final class VirtualProvider extends FileSystemProvider {
  @Override
  public String getScheme() {
    return "virtual";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
    throw new UnsupportedOperationException("a virtual disk is mounted, not opened by name");
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    throw new UnsupportedOperationException("a virtual disk is mounted, not found by name");
  }

  @Override
  public Path getPath(URI uri) {
    throw new UnsupportedOperationException("a virtual disk is mounted, not found by name");
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    VirtualPath at = absolute(path);
    VirtualDisk disk = at.files().disk();
    boolean write = options.contains(StandardOpenOption.WRITE);
    Node found = disk.find(at);
    boolean fresh = options.contains(StandardOpenOption.CREATE_NEW);
    if (found != null && fresh) {
      throw new FileAlreadyExistsException(at.toString());
    }
    if (found == null) {
      if (!fresh && !(write && options.contains(StandardOpenOption.CREATE))) {
        throw new NoSuchFileException(at.toString());
      }
      at.files().before(Operation.CREATE, at);
      found = new File();
      disk.add(at, found);
    }
    if (found instanceof File file
        && write
        && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
      file.truncate(0);
    }
    return new VirtualChannel(at, found, write, options.contains(StandardOpenOption.APPEND));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
    VirtualPath at = absolute(folder);
    if (!(at.files().disk().require(at) instanceof Folder found)) {
      throw new NotDirectoryException(at.toString());
    }
    List<Path> paths = new ArrayList<>();
    for (String name : found.names().keySet()) {
      Path one = folder.resolve(name);
      if (filter.accept(one)) {
        paths.add(one);
      }
    }
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        return paths.iterator();
      }

      @Override
      public void close() {
        // nothing is held
      }
    };
  }

  @Override
  public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
    VirtualPath at = absolute(folder);
    if (at.names().isEmpty() || at.files().disk().find(at) != null) {
      throw new FileAlreadyExistsException(at.toString());
    }
    at.files().before(Operation.CREATE, at);
    at.files().disk().add(at, new Folder());
  }

  @Override
  public void delete(Path path) throws IOException {
    VirtualPath at = absolute(path);
    if (at.files().disk().require(at) instanceof Folder folder && !folder.names().isEmpty()) {
      throw new DirectoryNotEmptyException(at.toString());
    }
    at.files().before(Operation.DELETE, at);
    at.files().disk().remove(at);
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    VirtualPath at = absolute(path);
    if (at.files().disk().find(at) == null) {
      return false;
    }
    delete(at);
    return true;
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) {
    throw new UnsupportedOperationException("copy of files");
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    VirtualPath from = absolute(source);
    VirtualPath to = absolute(target);
    VirtualDisk disk = from.files().disk();
    Node _ = disk.require(from);
    boolean replace = List.of(options).contains(StandardCopyOption.REPLACE_EXISTING);
    if (disk.find(to) != null && !replace) {
      throw new FileAlreadyExistsException(to.toString());
    }
    from.files().before(Operation.RENAME, to);
    disk.rename(from, to);
  }

  @Override
  public boolean isSameFile(Path one, Path other) {
    return absolute(one).equals(absolute(other));
  }

  @Override
  public boolean isHidden(Path path) {
    return false;
  }

  @Override
  public FileStore getFileStore(Path path) {
    throw new UnsupportedOperationException("the room of a virtual disk is told by the simulation");
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    VirtualPath at = absolute(path);
    Node _ = at.files().disk().require(at);
  }

  @Override
  public boolean exists(Path path, LinkOption... options) {
    VirtualPath at = absolute(path);
    return at.files().disk().find(at) != null;
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return null;
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    A found = readAttributesIfExists(path, type, options);
    if (found == null) {
      throw new NoSuchFileException(path.toString());
    }
    return found;
  }

  @Override
  public <A extends BasicFileAttributes> @Nullable A readAttributesIfExists(
      Path path, Class<A> type, LinkOption... options) {
    VirtualPath at = absolute(path);
    Node node = at.files().disk().find(at);
    return node == null ? null : type.cast(new VirtualAttributes(node));
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String names, LinkOption... options) {
    throw new UnsupportedOperationException("attributes by name");
  }

  @Override
  public void setAttribute(Path path, String name, Object value, LinkOption... options) {
    throw new UnsupportedOperationException("attributes are not kept");
  }

  private static VirtualPath absolute(Path path) {
    VirtualPath at = VirtualPath.of(path);
    return at.isAbsolute() ? at : VirtualPath.of(at.toAbsolutePath());
  }
}
