package org.consilium.security.bulk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Bytes at a place of a file, all of them, in steps of 64 KiB. For a buffer on the heap the virtual
 * machine copies through memory outside of it, as much as the longest step, and keeps that for each
 * thread that ever took one.
 */
public final class FileBytes {
  private static final int STEP_BYTES = 64 << 10;

  private FileBytes() {}

  /**
   * Fills what is left of a buffer.
   *
   * @param position in the file, of the first byte
   * @return false if the file ends before
   */
  public static boolean read(FileChannel file, ByteBuffer into, long position) throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = file.read(step(into), at);
      if (read < 0) {
        return false;
      }
      into.position(into.position() + read);
      at += read;
    }
    return true;
  }

  /**
   * Writes what is left of a buffer.
   *
   * @param position in the file, of the first byte
   */
  public static void write(FileChannel file, ByteBuffer from, long position) throws IOException {
    long at = position;
    while (from.hasRemaining()) {
      int written = file.write(step(from), at);
      from.position(from.position() + written);
      at += written;
    }
  }

  private static ByteBuffer step(ByteBuffer all) {
    return all.slice(all.position(), Math.min(STEP_BYTES, all.remaining()));
  }
}
