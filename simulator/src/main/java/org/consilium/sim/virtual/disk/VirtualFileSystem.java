package org.consilium.sim.virtual.disk;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Set;
import org.consilium.sim.virtual.disk.DiskFaults.Operation;

/** One process's view of a virtual disk; dead when the process is. */
final class VirtualFileSystem extends FileSystem {
  private static final VirtualProvider PROVIDER = new VirtualProvider();

  private final VirtualDisk disk;
  private final DiskFaults faults;
  private boolean dead;

  VirtualFileSystem(VirtualDisk disk, DiskFaults faults) {
    this.disk = disk;
    this.faults = faults;
  }

  VirtualDisk disk() {
    return disk;
  }

  void kill() {
    dead = true;
  }

  /** Before an operation: of a dead process there are none. */
  void before(Operation operation, VirtualPath path) throws IOException {
    if (dead) {
      throw new ProcessDied("before " + VirtualDisk.word(operation, path));
    }
    faults.before(operation, path.toString());
    if (dead) {
      throw new ProcessDied(VirtualDisk.word(operation, path));
    }
  }

  @Override
  public FileSystemProvider provider() {
    return PROVIDER;
  }

  @Override
  public void close() {
    // ends with the process
  }

  @Override
  public boolean isOpen() {
    return !dead;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public String getSeparator() {
    return "/";
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return List.of(new VirtualPath(this, true, List.of()));
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return List.of();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return Set.of("basic", "posix");
  }

  @Override
  public Path getPath(String first, String... more) {
    String all = more.length == 0 ? first : first + "/" + String.join("/", more);
    return new VirtualPath(this, all.startsWith("/"), List.copyOf(VirtualDisk.split(all)));
  }

  @Override
  public PathMatcher getPathMatcher(String pattern) {
    throw new UnsupportedOperationException("patterns");
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    throw new UnsupportedOperationException("owners");
  }

  @Override
  public WatchService newWatchService() {
    throw new UnsupportedOperationException("watching");
  }
}
