package org.consilium.sim.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** The largest resident memory that a process has had, as the Linux kernel counts it. */
public final class PeakMemory {
  private static final Path PROC = Path.of("/proc");
  private static final String FIELD = "VmHWM:";

  private PeakMemory() {}

  /** Peak in KiB, or nothing where the process is gone or the kernel has no such file. */
  static OptionalLong kib(long pid) {
    try {
      return parse(Files.readAllLines(PROC.resolve(Long.toString(pid)).resolve("status")));
    } catch (IOException _) {
      return OptionalLong.empty();
    }
  }

  /** The same of the process that asks. */
  public static OptionalLong kibOfThisProcess() {
    return kib(ProcessHandle.current().pid());
  }

  static OptionalLong parse(List<String> status) {
    for (String line : status) {
      if (line.startsWith(FIELD)) {
        String digits = line.substring(FIELD.length()).replace("kB", "").strip();
        return digits.matches("[0-9]{1,15}")
            ? OptionalLong.of(Long.parseLong(digits))
            : OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }
}
