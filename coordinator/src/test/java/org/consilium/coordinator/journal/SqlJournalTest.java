package org.consilium.coordinator.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.database.Database;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract on an H2 file, and what only a file can show: reopening, tampering, crashes. */
final class SqlJournalTest extends JournalContract {
  @TempDir Path folder;
  private Path output = Path.of("");

  @BeforeEach
  void nameOutput() throws IOException {
    output = Files.createFile(folder.resolve("output"));
  }

  @Override
  Journal fresh(InstantSource clock) throws IOException {
    return open(clock);
  }

  private SqlJournal open(InstantSource clock) throws IOException {
    return SqlJournal.open(folder, clock);
  }

  @Test
  void open_again_continuesTheChain() throws Exception {
    journal.append(List.of(event("s", "a")));
    journal.close();

    journal = open(() -> NOW);

    assertThat(journal.append(List.of(event("s", "b"))).getFirst().sequence()).isEqualTo(2);
    assertThat(all("s")).hasSize(2);
    assertThat(journal.firstBadEntry()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update journal set body = x'00' where sequence = 2",
        "update journal set appended_micros = 1 where sequence = 2",
        "update journal set event_type = 'Other' where sequence = 2",
        "delete from journal where sequence = 2",
      })
  void badInput_59_entryChangedOrDeleted_isNamed(String tampering) throws Exception {
    journal.append(List.of(event("s", "a"), event("s", "b"), event("s", "c")));
    journal.close();
    try (var connection = DriverManager.getConnection(Database.embeddedUrl(folder), "sa", "");
        var statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(tampering)).isEqualTo(1);
    }

    journal = open(() -> NOW);

    assertThat(journal.firstBadEntry()).isEqualTo(2);
  }

  @Test
  void open_heldByAnotherProcess_isRefusedInPlainWords() throws Exception {
    journal.close();
    Process holder = AppendingProcess.start(folder, output);
    try {
      awaitAcknowledged(holder, 1);

      assertThatThrownBy(() -> open(() -> NOW))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another coordinator has it open");
    } finally {
      holder.destroyForcibly().waitFor();
    }
    journal = open(() -> NOW);
  }

  @Test
  void append_processKilledInTheMiddle_losesNothingAcknowledged() throws Exception {
    journal.close();
    Process writer = AppendingProcess.start(folder, output);
    awaitAcknowledged(writer, 100);
    writer.destroyForcibly().waitFor(); // SIGKILL
    int acknowledged = acknowledged();

    journal = open(() -> NOW);

    assertThat(all("s").size()).isBetween(acknowledged, acknowledged + 1);
    assertThat(journal.firstBadEntry()).isZero();
  }

  private void awaitAcknowledged(Process process, int least) throws Exception {
    while (acknowledged() < least) {
      assertThat(process.waitFor(20, TimeUnit.MILLISECONDS)).as("process ended").isFalse();
    }
  }

  /** Whole lines that the process printed; one that the kill cut short does not count. */
  private int acknowledged() throws IOException {
    return (int) Files.readString(output, UTF_8).chars().filter(c -> c == '\n').count();
  }
}
