package org.consilium.models.engine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Tells the C library to keep freed memory instead of handing it back to the system after each
 * operation. A training step allocates a few hundred megabytes in blocks of some; getting them anew
 * each time took half of its time in page faults. Does nothing where the C library is not glibc.
 */
final class NativeMemory {
  /** Parameter numbers of {@code mallopt(3)}. */
  private static final int TRIM_THRESHOLD = -1;

  private static final int MMAP_THRESHOLD = -3;

  /** Largest value that glibc takes for the second. */
  private static final int MMAP_THRESHOLD_BYTES = 32 << 20;

  private static final int TRIM_THRESHOLD_BYTES = 1 << 30;

  private NativeMemory() {}

  /** Whether the C library took the setting. */
  @SuppressWarnings("restricted") // one call of a function that takes two integers
  static boolean keep() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> address = linker.defaultLookup().find("mallopt");
    if (address.isEmpty()) {
      return false;
    }
    var mallopt =
        linker.downcallHandle(
            address.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      return (int) mallopt.invokeExact(MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES) == 1
          && (int) mallopt.invokeExact(TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES) == 1;
    } catch (Throwable failure) {
      throw new IllegalStateException("set the C library's memory thresholds", failure);
    }
  }
}
