package org.consilium.sim.virtual.disk;

import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;

/** What a virtual disk says of a file: its size, and that its owner alone may use it. */
record VirtualAttributes(Node node) implements PosixFileAttributes {
  private static final Set<PosixFilePermission> OWNER =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final FileTime NEVER = FileTime.fromMillis(0);

  @Override
  public UserPrincipal owner() {
    return () -> "owner";
  }

  @Override
  public GroupPrincipal group() {
    return () -> "owner";
  }

  @Override
  public Set<PosixFilePermission> permissions() {
    return OWNER;
  }

  @Override
  public FileTime lastModifiedTime() {
    return NEVER;
  }

  @Override
  public FileTime lastAccessTime() {
    return NEVER;
  }

  @Override
  public FileTime creationTime() {
    return NEVER;
  }

  @Override
  public boolean isRegularFile() {
    return node instanceof Node.File;
  }

  @Override
  public boolean isDirectory() {
    return node instanceof Node.Folder;
  }

  @Override
  public boolean isSymbolicLink() {
    return false;
  }

  @Override
  public boolean isOther() {
    return false;
  }

  @Override
  public long size() {
    return node instanceof Node.File file ? file.size() : 0;
  }

  @Override
  public Object fileKey() {
    return node;
  }
}
