package org.consilium.coordinator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.coordinator.audit.Rollback;
import org.consilium.coordinator.audit.Rollback.Seen;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;

/**
 * Hospitals have seen more of the journal than there is: an old copy of it was put back. The file
 * that says so names what was lost, so that who renames it accepts that and no more.
 */
public final class RolledBack extends IOException {
  private static final long serialVersionUID = 1L;
  private static final String NOTED = "rolled-back";
  private static final String ACCEPTED = "rolled-back.accepted";
  private static final String SEEN = "seen ";
  private static final Pattern FORM =
      Pattern.compile(SEEN + "([0-9]{1,18}) ([0-9a-f]{64}) ([0-9TZ:.+-]{1,40})");

  private RolledBack(String message) {
    super(message);
  }

  /** Refuses to start where this was noted and people have not decided. */
  static void check(Path state) throws RolledBack, IOException {
    Path noted = state.resolve(NOTED);
    if (Files.exists(noted)) {
      throw new RolledBack(
          Files.readString(noted).lines().findFirst().orElse("an old journal was put back"));
    }
  }

  /**
   * What people have decided to go on without. The file of an earlier version names nothing: what
   * was lost is told again then, and can be accepted by its name.
   *
   * @throws IOException if a line cannot be read: nobody knows what was accepted
   */
  static List<Seen> accepted(Path state) throws IOException {
    Path file = state.resolve(ACCEPTED);
    List<Seen> accepted = new ArrayList<>();
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith(SEEN)) {
          accepted.add(seen(file, line.strip()));
        }
      }
    }
    return accepted;
  }

  /** Notes it for every later start. */
  static void note(Path state, Rollback proven) throws IOException {
    StringBuilder text = new StringBuilder(proven.why());
    text.append("\nRenamed to ").append(ACCEPTED).append(", this gives up, and no more:\n");
    for (Seen seen : proven.lost()) {
      text.append(SEEN).append(seen.head().size()).append(' ').append(seen.head().root().hex());
      text.append(' ').append(seen.time()).append('\n');
    }
    KeyFile.replace(state.resolve(NOTED), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Seen seen(Path file, String line) throws IOException {
    Matcher form = FORM.matcher(line);
    try {
      if (form.matches()) {
        return new Seen(
            new Head(Long.parseLong(form.group(1)), Fingerprint.parse(form.group(2))),
            Instant.parse(form.group(3)));
      }
    } catch (DateTimeException | IllegalArgumentException illegal) {
      throw new IOException("read %s: %s".formatted(file, illegal.getMessage()), illegal);
    }
    throw new IOException("read %s: \"%s\" names no checkpoint".formatted(file, line));
  }
}
