package org.consilium.coordinator.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a database is opened, where no server is needed to see it. */
final class DatabaseTest {
  @TempDir Path folder;

  @Test
  void open_passwordFileThatOthersMayRead_isRefusedBeforeItIsUsed() throws Exception {
    Database.Place place = place("rw-r-----", "secret");

    assertThatThrownBy(() -> Database.open(place))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("only rw------- or less is accepted");
    assertThat(folder.resolve("journal.mv.db")).doesNotExist();
  }

  @Test
  void open_passwordFileOfItsOwnerAlone_isUsedWithoutItsLineEnd() throws Exception {
    Database.open(place("r--------", "secret\n")).close();

    // The first one who opens an H2 file says what its password is.
    Database.open(place("rw-------", "secret")).close();
  }

  private Database.Place place(String modes, String password) throws IOException {
    Path file = folder.resolve("password");
    Files.deleteIfExists(file);
    Files.writeString(file, password);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(modes));
    return new Database.Place(Database.embeddedUrl(folder), "sa", Optional.of(file));
  }
}
