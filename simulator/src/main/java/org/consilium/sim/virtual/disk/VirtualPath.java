package org.consilium.sim.virtual.disk;

import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A path on a virtual disk: names, and whether they begin at the root. */
final class VirtualPath implements Path {
  private final VirtualFileSystem files;
  private final boolean absolute;
  private final List<String> names;

  VirtualPath(VirtualFileSystem files, boolean absolute, List<String> names) {
    this.files = files;
    this.absolute = absolute;
    this.names = names;
  }

  static VirtualPath of(Path path) {
    if (path instanceof VirtualPath virtual) {
      return virtual;
    }
    throw new ProviderMismatchException(path + " is no path of a virtual disk");
  }

  List<String> names() {
    return names;
  }

  String name() {
    return names.getLast();
  }

  VirtualPath parent() {
    return new VirtualPath(files, absolute, names.subList(0, names.size() - 1));
  }

  private VirtualPath with(List<String> others) {
    return new VirtualPath(files, absolute, List.copyOf(others));
  }

  @Override
  public FileSystem getFileSystem() {
    return files;
  }

  VirtualFileSystem files() {
    return files;
  }

  @Override
  public boolean isAbsolute() {
    return absolute;
  }

  @Override
  public @Nullable Path getRoot() {
    return absolute ? new VirtualPath(files, true, List.of()) : null;
  }

  @Override
  public @Nullable Path getFileName() {
    return names.isEmpty() ? null : new VirtualPath(files, false, List.of(name()));
  }

  @Override
  public @Nullable Path getParent() {
    return names.isEmpty() || (!absolute && names.size() == 1) ? null : parent();
  }

  @Override
  public int getNameCount() {
    return names.size();
  }

  @Override
  public Path getName(int index) {
    return new VirtualPath(files, false, List.of(names.get(index)));
  }

  @Override
  public Path subpath(int from, int to) {
    return new VirtualPath(files, false, List.copyOf(names.subList(from, to)));
  }

  @Override
  public boolean startsWith(Path other) {
    return other instanceof VirtualPath o
        && o.absolute == absolute
        && o.names.size() <= names.size()
        && names.subList(0, o.names.size()).equals(o.names);
  }

  @Override
  public boolean endsWith(Path other) {
    return other instanceof VirtualPath o
        && o.names.size() <= names.size()
        && (!o.absolute || equals(o))
        && names.subList(names.size() - o.names.size(), names.size()).equals(o.names);
  }

  @Override
  public Path normalize() {
    List<String> short_ = new ArrayList<>();
    for (String name : names) {
      if (name.equals("..") && !short_.isEmpty()) {
        String _ = short_.removeLast();
      } else if (!name.equals(".")) {
        short_.add(name);
      }
    }
    return with(short_);
  }

  @Override
  public Path resolve(Path other) {
    VirtualPath o = of(other);
    if (o.absolute) {
      return o;
    }
    List<String> all = new ArrayList<>(names);
    all.addAll(o.names);
    return with(all);
  }

  @Override
  public Path relativize(Path other) {
    VirtualPath o = of(other);
    if (!o.startsWith(this)) {
      throw new IllegalArgumentException("%s is not below %s".formatted(other, this));
    }
    return new VirtualPath(
        files, false, List.copyOf(o.names.subList(names.size(), o.names.size())));
  }

  @Override
  public URI toUri() {
    return URI.create("virtual:" + toAbsolutePath());
  }

  @Override
  public Path toAbsolutePath() {
    return absolute ? this : new VirtualPath(files, true, names);
  }

  @Override
  public Path toRealPath(LinkOption... options) {
    return toAbsolutePath().normalize();
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
    throw new UnsupportedOperationException("a virtual disk is not watched");
  }

  @Override
  public Iterator<Path> iterator() {
    List<Path> parts = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      parts.add(getName(i));
    }
    return parts.iterator();
  }

  @Override
  public int compareTo(Path other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof VirtualPath o
        && o.files == files
        && o.absolute == absolute
        && o.names.equals(names);
  }

  @Override
  public int hashCode() {
    return names.hashCode();
  }

  @Override
  public String toString() {
    return (absolute ? "/" : "") + String.join("/", names);
  }
}
