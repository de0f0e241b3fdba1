package org.consilium.site.work;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;

/**
 * A study as the coordinator proposed it, kept as {@code proposal.plan} in the study's folder so
 * that people can look at it and approve its digest.
 *
 * @param plan the settings
 * @param digest SHA-256 of the bytes as they came
 */
public record Proposal(StudyPlan plan, Digest digest) {
  private static final String FILE = "proposal.plan";

  /** The digest's six words, for people and scripts. */
  private static final String WORDS = "words.txt";

  private static final int BYTES_MAX = 1 << 20;

  /** All proposals under {@code studies}, by name; those that cannot be read are left out. */
  public static List<Proposal> all(Path studies) throws IOException {
    List<Proposal> found = new ArrayList<>();
    if (!Files.isDirectory(studies)) {
      return found;
    }
    try (Stream<Path> folders = Files.list(studies)) {
      for (Path folder : folders.sorted().toList()) {
        read(folder).ifPresent(found::add);
      }
    }
    return found;
  }

  /** The last proposal of a study. */
  public static Optional<Proposal> of(Path studies, StudyId study) throws IOException {
    return read(studies.resolve(study.value()));
  }

  static void keep(Path folder, byte[] planBytes) throws IOException {
    KeyFile.replace(folder.resolve(FILE), planBytes);
    String words = String.join(" ", new Fingerprint(Digest.sha256(planBytes).bytes()).words());
    KeyFile.replace(folder.resolve(WORDS), (words + "\n").getBytes(StandardCharsets.UTF_8));
  }

  static void forget(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(FILE));
    Files.deleteIfExists(folder.resolve(WORDS));
  }

  private static Optional<Proposal> read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    byte[] bytes = KeyFile.read(file, BYTES_MAX);
    try {
      return Optional.of(new Proposal(PlanCodec.decode(bytes), Digest.sha256(bytes)));
    } catch (MalformedMessage damaged) {
      return Optional.empty();
    }
  }
}
