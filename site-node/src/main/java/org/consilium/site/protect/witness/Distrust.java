package org.consilium.site.protect.witness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.SignedCheckpoint;

/**
 * Whether a checkpoint of the coordinator's audit log was refused, and the evidence. While it
 * stands, the node does nothing for that coordinator's studies; only people end it, with {@link
 * #acknowledge} or {@link #accept}, and the evidence stays. Works while a node serves from the
 * folder, which looks again at every step.
 *
 * @param folder of the witness
 */
public record Distrust(Path folder) {
  private static final String REFUSED = "refused.txt";
  private static final String CHECKPOINT = "consilium audit";
  private static final int EVIDENCE_BYTES_MAX = 2 * SignedCheckpoint.TEXT_BYTES_MAX;

  /** What was refused and why, the first since people decided; evidence that cannot be read too. */
  public Optional<String> reason() {
    if (!Files.exists(file())) {
      return Optional.empty();
    }
    try {
      return Optional.of(evidence().lines().findFirst().orElse("an empty refused.txt"));
    } catch (IOException unreadable) {
      return Optional.of("read refused.txt: " + unreadable.getMessage());
    }
  }

  /**
   * The checkpoint that was refused.
   *
   * @throws IOException if there is none, or the evidence holds none that can be read
   */
  public SignedCheckpoint refused() throws IOException {
    String evidence = evidence();
    try {
      return SignedCheckpoint.parse(evidence.substring(Math.max(0, evidence.indexOf(CHECKPOINT))));
    } catch (CheckpointRefused damaged) {
      throw new IOException("read %s: %s".formatted(file(), damaged.getMessage()), damaged);
    }
  }

  /**
   * Ends the distrust. What this node saw before stays what a checkpoint has to continue.
   *
   * @param why in words of the person who decided; kept with the evidence
   * @return where the evidence is now; empty if nothing was refused
   */
  public Optional<Path> acknowledge(Instant now, String why) throws IOException {
    return Files.exists(file()) ? Optional.of(aside(now, "acknowledged", why)) : Optional.empty();
  }

  /**
   * Ends the distrust and begins anew from the refused checkpoint: what this node saw before is put
   * aside, with the evidence.
   *
   * @param seen what {@link #refused} gave and people compared; its signature was verified
   * @param why in words of the person who decided; kept with the evidence
   * @return where the evidence is now
   */
  public Path accept(SignedCheckpoint seen, Instant now, String why) throws IOException {
    if (!seen.equals(refused())) {
      throw new IOException("accept the refused checkpoint: it is another one by now");
    }
    Path last = folder.resolve(AuditWitness.LAST);
    if (Files.exists(last)) {
      byte[] before = KeyFile.read(last, SignedCheckpoint.TEXT_BYTES_MAX);
      KeyFile.replace(folder.resolve("checkpoint-%d.txt".formatted(now.toEpochMilli())), before);
    }
    KeyFile.replace(last, seen.text().getBytes(StandardCharsets.US_ASCII));
    return aside(now, "accepted", why);
  }

  /** The first refusal is the evidence; later ones would only be of the same kind. */
  void keep(SignedCheckpoint offered, CheckpointRefused refused, Head known, Instant now)
      throws IOException {
    if (!Files.exists(file())) {
      String text =
          "%s %s: %s%nknown %d %s%n%s"
              .formatted(
                  now.truncatedTo(ChronoUnit.SECONDS),
                  refused.why(),
                  refused.getMessage(),
                  known.size(),
                  known.root(),
                  offered.text());
      KeyFile.create(file(), text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private Path aside(Instant now, String verb, String why) throws IOException {
    Path aside = folder.resolve("refused-%d.txt".formatted(now.toEpochMilli()));
    String text =
        "%s %s: %s%n%s"
            .formatted(
                now.truncatedTo(ChronoUnit.SECONDS),
                verb,
                why.replaceAll("[\\p{Cntrl}\\p{Cf}]", " "),
                evidence());
    KeyFile.replace(aside, text.getBytes(StandardCharsets.UTF_8));
    Files.delete(file());
    return aside;
  }

  private String evidence() throws IOException {
    return new String(KeyFile.read(file(), EVIDENCE_BYTES_MAX), StandardCharsets.UTF_8);
  }

  private Path file() {
    return folder.resolve(REFUSED);
  }
}
