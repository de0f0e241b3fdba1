package org.consilium.sim;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
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
  @SuppressWarnings("restricted") // two calls of the C library, by their fixed signatures
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
    MethodHandle dup = linker.downcallHandle(library.find("dup").orElseThrow(), one);
    MethodHandle dup2 = linker.downcallHandle(library.find("dup2").orElseThrow(), two);
    MethodHandle creat = linker.downcallHandle(library.find("creat").orElseThrow(), path);
    try (Arena arena = Arena.ofConfined()) {
      int kept = (int) dup.invokeExact(STANDARD_ERROR);
      PrintStream people =
          new PrintStream(
              new FileOutputStream("/dev/fd/" + kept, true), true, StandardCharsets.UTF_8);
      int file = (int) creat.invokeExact(arena.allocateFrom(log.toString()), OWNER_ONLY);
      int done = file < 0 ? file : (int) dup2.invokeExact(file, STANDARD_ERROR);
      return done < 0 ? usual : people;
    } catch (IOException unavailable) {
      return usual;
    } catch (Throwable impossible) { // what invokeExact declares; the C calls throw nothing
      throw new IllegalStateException("call the C library", impossible);
    }
  }
}
