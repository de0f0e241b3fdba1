package org.consilium.sim;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Keeps a native library's own warnings off the screen: they are written to file descriptor 2
 * behind Java's back. Descriptor 2 is pointed at a file; people's lines go to a copy of the old
 * one.
 */
final class NativeNoise {
  private static final int STANDARD_ERROR = 2;
  private static final int OWNER_ONLY = 0600;

  private NativeNoise() {}

  /** A stream to the real standard error; on systems where this cannot be had, {@code usual}. */
  @SuppressWarnings("restricted") // calls of the C library, by their fixed signatures
  static PrintStream divert(Path log, PrintStream usual) {
    if (!Files.isDirectory(Path.of("/dev/fd"))) {
      return usual;
    }
    Linker linker = Linker.nativeLinker();
    SymbolLookup library = linker.defaultLookup();
    FunctionDescriptor one = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    FunctionDescriptor two =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    FunctionDescriptor path =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    FunctionDescriptor bytes =
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG);
    MethodHandle dup = linker.downcallHandle(library.find("dup").orElseThrow(), one);
    MethodHandle dup2 = linker.downcallHandle(library.find("dup2").orElseThrow(), two);
    MethodHandle creat = linker.downcallHandle(library.find("creat").orElseThrow(), path);
    MethodHandle write = linker.downcallHandle(library.find("write").orElseThrow(), bytes);
    try (Arena arena = Arena.ofConfined()) {
      int kept = (int) dup.invokeExact(STANDARD_ERROR);
      if (kept < 0) {
        return usual;
      }
      PrintStream people =
          new PrintStream(new Descriptor(kept, write), true, StandardCharsets.UTF_8);
      int file = (int) creat.invokeExact(arena.allocateFrom(log.toString()), OWNER_ONLY);
      int done = file < 0 ? file : (int) dup2.invokeExact(file, STANDARD_ERROR);
      return done < 0 ? usual : people;
    } catch (Throwable impossible) { // what invokeExact declares; the C calls throw nothing
      throw new IllegalStateException("call the C library", impossible);
    }
  }

  /**
   * Writes to a descriptor itself. Opened anew by its name, a file would get a second position, and
   * what a shell writes to it afterwards would land on top.
   */
  private static final class Descriptor extends OutputStream {
    private final int number;
    private final MethodHandle write;

    Descriptor(int number, MethodHandle write) {
      this.number = number;
      this.write = write;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int at, int length) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment some = arena.allocate(Math.max(1, length));
        MemorySegment.copy(from, at, some, ValueLayout.JAVA_BYTE, 0, length);
        long done = 0;
        while (done < length) {
          long now = (long) write.invokeExact(number, some.asSlice(done), length - done);
          if (now <= 0) {
            throw new IOException("write to standard error");
          }
          done += now;
        }
      } catch (IOException failed) {
        throw failed;
      } catch (Throwable impossible) { // what invokeExact declares; the C call throws nothing
        throw new IllegalStateException("call the C library", impossible);
      }
    }
  }
}
