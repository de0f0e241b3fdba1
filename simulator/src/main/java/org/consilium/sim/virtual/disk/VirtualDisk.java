package org.consilium.sim.virtual.disk;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.consilium.sim.virtual.disk.DiskFaults.Operation;
import org.consilium.sim.virtual.disk.Node.File;
import org.consilium.sim.virtual.disk.Node.Folder;
import org.jspecify.annotations.Nullable;

/**
 * One machine's disk. A process sees it through a mount; when the process dies its mount does, and
 * the next process mounts what is left. Files and folders keep what was forced; of the rest the
 * loss of power leaves a part, drawn by chance. One thread at a time.
 */
public final class VirtualDisk {
  private final Folder root = new Folder();
  private Predicate<String> lies = _ -> false;

  /** A view of the disk for one process. */
  public static final class Mount {
    private final VirtualFileSystem files;

    private Mount(VirtualFileSystem files) {
      this.files = files;
    }

    /** A path of this process. */
    public Path path(String absolute) {
      return files.getPath(absolute);
    }

    /**
     * Whether a file, its bytes and every name on the way to it would survive the loss of power.
     */
    public boolean durable(Path file) {
      return files.disk().durable(file.toString());
    }

    /** The process ends; nothing that is left of it reaches the disk any more. */
    public void kill() {
      files.kill();
    }

    /** Whether the process has ended. */
    public boolean dead() {
      return !files.isOpen();
    }
  }

  /**
   * Gives a new process the disk.
   *
   * @param faults asked before each operation of this process
   */
  public Mount mount(DiskFaults faults) {
    return new Mount(new VirtualFileSystem(this, faults));
  }

  /** Forces everything, as a machine that is shut down in good order does. */
  public void forceAll() {
    force(root);
  }

  /** From now on forces of some files do nothing and say that they did: a broken product's. */
  public void lie(Predicate<String> about) {
    lies = about;
  }

  boolean lies(String path) {
    return lies.test(path);
  }

  private static void force(Node node) {
    switch (node) {
      case File file -> file.force();
      case Folder folder -> {
        folder.force();
        folder.names().values().forEach(VirtualDisk::force);
      }
    }
  }

  /** The power goes: what was not forced is as chance has it. The process was killed before. */
  public void losePower(SplittableRandom chance) {
    root.losePower(chance);
  }

  /** Whether a file, its bytes and every name on the way to it would survive the loss of power. */
  public boolean durable(String path) {
    Node node = root;
    for (String name : split(path)) {
      if (!(node instanceof Folder folder) || !folder.durable(name)) {
        return false;
      }
      Node next = folder.names().get(name);
      if (next == null) {
        return false;
      }
      node = next;
    }
    return !(node instanceof File file) || file.durable();
  }

  /**
   * Flips one bit of a file at rest, drawn among those that are wanted.
   *
   * @return the file; empty when there was none
   */
  public String flip(Predicate<String> wanted, SplittableRandom chance) {
    List<String> paths = new ArrayList<>();
    List<File> files = new ArrayList<>();
    collect(root, "", wanted, paths, files);
    if (files.isEmpty()) {
      return "";
    }
    int drawn = chance.nextInt(files.size());
    files.get(drawn).flip(chance.nextInt(files.get(drawn).size() * 8));
    return paths.get(drawn);
  }

  private static void collect(
      Folder folder, String at, Predicate<String> wanted, List<String> paths, List<File> files) {
    folder
        .names()
        .forEach(
            (name, node) -> {
              String path = at + "/" + name;
              switch (node) {
                case Folder inner -> collect(inner, path, wanted, paths, files);
                case File file when file.size() > 0 && wanted.test(path) -> {
                  paths.add(path);
                  files.add(file);
                }
                case File _ -> {}
              }
            });
  }

  @Nullable Node find(VirtualPath path) {
    Node node = root;
    for (String name : path.names()) {
      if (!(node instanceof Folder folder)) {
        return null;
      }
      Node next = folder.names().get(name);
      if (next == null) {
        return null;
      }
      node = next;
    }
    return node;
  }

  Node require(VirtualPath path) throws NoSuchFileException {
    Node node = find(path);
    if (node == null) {
      throw new NoSuchFileException(path.toString());
    }
    return node;
  }

  Folder folder(VirtualPath path) throws IOException {
    if (path.names().isEmpty()) {
      return root;
    }
    if (find(path) instanceof Folder folder) {
      return folder;
    }
    throw new NoSuchFileException(path.toString());
  }

  void add(VirtualPath path, Node node) throws IOException {
    Folder parent = folder(path.parent());
    if (parent.names().containsKey(path.name())) {
      throw new FileAlreadyExistsException(path.toString());
    }
    parent.change(List.of(new Folder.Change(path.name(), node)));
  }

  void remove(VirtualPath path) throws IOException {
    folder(path.parent()).change(List.of(new Folder.Change(path.name(), null)));
  }

  void rename(VirtualPath from, VirtualPath to) throws IOException {
    Node node = require(from);
    Folder source = folder(from.parent());
    Folder target = folder(to.parent());
    if (source != target) {
      throw new IOException("%s: only names within one folder change as one".formatted(to));
    }
    source.change(
        List.of(new Folder.Change(from.name(), null), new Folder.Change(to.name(), node)));
  }

  static List<String> split(String path) {
    List<String> names = new ArrayList<>();
    int from = 0;
    while (from < path.length()) {
      int to = path.indexOf('/', from);
      int end = to < 0 ? path.length() : to;
      if (end > from) {
        names.add(path.substring(from, end));
      }
      from = end + 1;
    }
    return names;
  }

  /** The word of an operation in the story of a run. */
  static String word(Operation operation, VirtualPath path) {
    return operation + " " + path;
  }
}
