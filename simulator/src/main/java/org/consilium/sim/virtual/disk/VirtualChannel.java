package org.consilium.sim.virtual.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.consilium.sim.virtual.disk.DiskFaults.Operation;
import org.consilium.sim.virtual.disk.Node.File;
import org.consilium.sim.virtual.disk.Node.Folder;

/** An open file, or a folder that is open to be forced. */
final class VirtualChannel extends FileChannel {
  private final VirtualPath path;
  private final Node node;
  private final boolean writable;
  private long position;

  VirtualChannel(VirtualPath path, Node node, boolean writable, boolean append) {
    this.path = path;
    this.node = node;
    this.writable = writable || append;
    this.position = append && node instanceof File file ? file.size() : 0;
  }

  private File file() throws IOException {
    if (node instanceof File file) {
      return file;
    }
    throw new IOException(path + ": it is a folder");
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    int read = read(into, position);
    position += Math.max(0, read);
    return read;
  }

  @Override
  public int read(ByteBuffer into, long from) throws IOException {
    File file = file();
    path.files().before(Operation.READ, path);
    if (from >= file.size()) {
      return into.hasRemaining() ? -1 : 0;
    }
    int length = (int) Math.min(into.remaining(), file.size() - from);
    if (into.hasArray()) {
      file.read((int) from, into.array(), into.arrayOffset() + into.position(), length);
      into.position(into.position() + length);
    } else {
      byte[] bytes = new byte[length];
      file.read((int) from, bytes, 0, length);
      into.put(bytes);
    }
    return length;
  }

  @Override
  public long read(ByteBuffer[] into, int offset, int length) throws IOException {
    long all = 0;
    for (int i = offset; i < offset + length; i++) {
      int read = read(into[i]);
      if (read < 0) {
        return all == 0 ? -1 : all;
      }
      all += read;
    }
    return all;
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    int written = write(from, position);
    position += written;
    return written;
  }

  @Override
  public int write(ByteBuffer from, long to) throws IOException {
    if (!writable) {
      throw new NonWritableChannelException();
    }
    File file = file();
    int length = from.remaining();
    byte[] bytes = new byte[length];
    from.duplicate().get(bytes);
    // A process that dies in the middle of a write leaves a part of it.
    boolean alive = path.files().isOpen();
    try {
      path.files().before(Operation.WRITE, path);
    } catch (ProcessDied died) {
      if (alive) {
        file.write((int) to, bytes, length / 2);
      }
      throw died;
    }
    file.write((int) to, bytes, length);
    from.position(from.limit());
    return length;
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) throws IOException {
    long all = 0;
    for (int i = offset; i < offset + length; i++) {
      all += write(from[i]);
    }
    return all;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public FileChannel position(long to) {
    position = to;
    return this;
  }

  @Override
  public long size() throws IOException {
    return file().size();
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    path.files().before(Operation.WRITE, path);
    file().truncate((int) Math.min(size, Integer.MAX_VALUE));
    return this;
  }

  @Override
  public void force(boolean metadata) throws IOException {
    try {
      path.files().before(Operation.FORCE, path);
    } catch (IOException failed) {
      if (node instanceof File file) {
        file.forceFails();
      }
      throw failed;
    }
    if (path.files().disk().lies(path.toString())) {
      return;
    }
    switch (node) {
      case File file -> file.force();
      case Folder folder -> folder.force();
    }
  }

  @Override
  public long transferTo(long from, long count, WritableByteChannel target) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(count, Math.max(0, size() - from)));
    int read = read(bytes, from);
    return read <= 0 ? 0 : target.write(bytes.flip());
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long to, long count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) count);
    int read = source.read(bytes);
    return read <= 0 ? 0 : write(bytes.flip(), to);
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long from, long size) {
    throw new UnsupportedOperationException("a virtual disk is not mapped");
  }

  @Override
  public FileLock lock(long from, long size, boolean shared) {
    return new Held(this, from, size, shared);
  }

  @Override
  public FileLock tryLock(long from, long size, boolean shared) {
    return lock(from, size, shared);
  }

  @Override
  protected void implCloseChannel() {
    // nothing is held
  }

  /** There is one process a disk; it may have what it asks for. */
  private static final class Held extends FileLock {
    private boolean valid = true;

    Held(FileChannel channel, long from, long size, boolean shared) {
      super(channel, from, size, shared);
    }

    @Override
    public boolean isValid() {
      return valid;
    }

    @Override
    public void release() {
      valid = false;
    }
  }
}
