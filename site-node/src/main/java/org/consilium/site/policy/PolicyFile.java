package org.consilium.site.policy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.consilium.security.keyfile.KeyFile;

/**
 * The policy on disk, {@code policy.yaml} in the state folder. A node that is serving picks up what
 * people change, at most once in {@link #LOOK_AGAIN_MILLIS}. A file that cannot be understood
 * refuses everything and says why.
 */
public final class PolicyFile {
  /** The file is looked at again after this time: soon for a person, seldom for a disk. */
  static final long LOOK_AGAIN_MILLIS = 2000;

  private static final int FILE_BYTES_MAX = 1 << 20;

  private final Path file;
  private final InstantSource clock;
  private Optional<Seen> seen = Optional.empty();

  /** The policy at {@code file}, which need not exist. */
  public PolicyFile(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
  }

  private record Seen(Instant at, Optional<FileTime> modified, Read read) {}

  /**
   * What the file says now.
   *
   * @param policy refuses everything if the file is missing or wrong
   * @param complaint what is wrong with the file, else empty
   */
  public record Read(SitePolicy policy, String complaint) {}

  /** The policy, read again when the file has changed. Safe for use by many threads. */
  public synchronized Read current() {
    Instant now = clock.instant();
    if (seen.isPresent() && now.isBefore(seen.get().at().plusMillis(LOOK_AGAIN_MILLIS))) {
      return seen.get().read();
    }
    Optional<FileTime> modified = modified();
    Read read =
        seen.isPresent() && seen.get().modified().equals(modified)
            ? seen.get().read()
            : read(modified.isPresent());
    seen = Optional.of(new Seen(now, modified, read));
    return read;
  }

  /**
   * Adds a consent or denial to the file and forces it to disk; makes the file if it is missing.
   *
   * @throws IllegalArgumentException if the file that is there cannot be understood
   */
  public synchronized void record(Approval approval) throws IOException {
    SitePolicy before = Files.exists(file) ? PolicyYaml.parse(text()) : SitePolicy.refuseAll();
    String after = PolicyYaml.write(before.with(approval));
    KeyFile.replace(file, after.getBytes(StandardCharsets.UTF_8));
    seen = Optional.empty();
  }

  private Read read(boolean exists) {
    if (!exists) {
      return new Read(SitePolicy.refuseAll(), "");
    }
    try {
      return new Read(PolicyYaml.parse(text()), "");
    } catch (IOException | IllegalArgumentException unusable) {
      return new Read(SitePolicy.refuseAll(), "policy file refused: " + unusable.getMessage());
    }
  }

  private String text() throws IOException {
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw new IOException("policy file has over %d bytes".formatted(FILE_BYTES_MAX));
    }
    return Files.readString(file);
  }

  private Optional<FileTime> modified() {
    try {
      return Files.exists(file) ? Optional.of(Files.getLastModifiedTime(file)) : Optional.empty();
    } catch (IOException gone) {
      return Optional.empty();
    }
  }
}
