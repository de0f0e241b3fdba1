package org.consilium.coordinator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Hospitals have seen more of the journal than there is: an old copy of it was put back. */
public final class RolledBack extends IOException {
  private static final long serialVersionUID = 1L;
  private static final String NOTED = "rolled-back";
  private static final String ACCEPTED = "rolled-back.accepted";

  private RolledBack(String message) {
    super(message);
  }

  /** Refuses to start where this was noted and people have not decided. */
  static void check(Path state) throws RolledBack, IOException {
    Path noted = state.resolve(NOTED);
    if (Files.exists(noted)) {
      throw new RolledBack(Files.readString(noted).strip());
    }
  }

  /** Whether people have decided to go on with what there is. */
  static boolean accepted(Path state) {
    return Files.exists(state.resolve(ACCEPTED));
  }

  /** Notes it for every later start. */
  static void note(Path state, String why) throws IOException {
    Files.writeString(state.resolve(NOTED), why + System.lineSeparator());
  }
}
