package org.consilium.sim.federation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The machine that figures were measured on, in one line. */
public final class Machine {
  private static final double KIB_OF_A_GIB = 1024.0 * 1024.0;

  private Machine() {}

  /** Cores, processor, memory, Java; parts that the system does not tell are left out. */
  public static String describe() {
    StringBuilder words = new StringBuilder();
    words.append(Runtime.getRuntime().availableProcessors()).append(" cores");
    String model = field(Path.of("/proc/cpuinfo"), "model name");
    if (!model.isEmpty()) {
      words.append(", ").append(model);
    }
    String memory = field(Path.of("/proc/meminfo"), "MemTotal").replace("kB", "").strip();
    if (memory.matches("[0-9]{1,12}")) {
      words.append(String.format(Locale.ROOT, ", %.0f GiB", Long.parseLong(memory) / KIB_OF_A_GIB));
    }
    return words
        .append(", ")
        .append(System.getProperty("os.name"))
        .append(", Java ")
        .append(System.getProperty("java.version"))
        .toString();
  }

  private static String field(Path file, String name) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      for (String line : lines) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
          return line.substring(colon + 1).strip();
        }
      }
      return "";
    } catch (IOException absent) {
      return "";
    }
  }
}
