package org.consilium.coordinator.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;

/**
 * A process that appends to a journal for ever and prints each acknowledged sequence number on a
 * line.
 */
final class AppendingProcess {
  private AppendingProcess() {}

  static Process start(Path folder, Path output) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            AppendingProcess.class.getName(),
            folder.toString())
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  public static void main(String[] args) throws Exception {
    try (var journal = SqlJournal.open(Path.of(args[0]), InstantSource.system())) {
      for (int i = 1; i < 100_000; i++) {
        List<JournalEntry> entries =
            journal.append(List.of(JournalContract.event("s", "key-" + i)));
        System.out.println(entries.getFirst().sequence());
      }
    }
  }
}
