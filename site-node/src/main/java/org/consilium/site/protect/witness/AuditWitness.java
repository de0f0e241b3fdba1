package org.consilium.site.protect.witness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.consilium.security.audit.MerkleFrontier;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.CheckpointRefused.Why;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.SignedCheckpoint;

/**
 * Remembers the last checkpoint of the coordinator's audit log and cosigns one that continues it.
 * It is on disk before the cosignature exists. One that does not continue it is kept as evidence,
 * under the coordinator's own signature, and is never cosigned; nor is any later one, until people
 * have decided. Safe for use by many threads.
 */
public final class AuditWitness {
  static final String LAST = "checkpoint.txt";

  private final Path folder;
  private final Credential signing;
  private final ChainCheck chains;
  private final InstantSource clock;
  private final Distrust distrust;

  private AuditWitness(Path folder, Credential signing, ChainCheck chains, InstantSource clock) {
    this.folder = folder;
    this.signing = signing;
    this.chains = chains;
    this.clock = clock;
    this.distrust = new Distrust(folder);
  }

  /** What became of an offered checkpoint. */
  public sealed interface Judgement {
    /** It continues what was known, and is known now. */
    record Right(ReleasedCosignature cosignature) implements Judgement {}

    /** It is not cosigned; people have to look. */
    record Refused(Why why, String detail) implements Judgement {}

    /** It would be right, but one was refused before and nobody has decided yet. */
    record Withheld() implements Judgement {}
  }

  /**
   * What people see.
   *
   * @param last the last checkpoint that was found right
   * @param refusal what was refused and why, the first since people decided
   */
  public record View(Optional<SignedCheckpoint> last, Optional<String> refusal) {}

  /**
   * What this site knows of the log.
   *
   * @param signed the checkpoint as the coordinator signed it; empty before the first
   */
  public record Memory(Head head, Optional<SignedCheckpoint> signed) {}

  /**
   * Goes on from what the folder holds.
   *
   * @param signing the site's signing credential
   * @param chains checks the coordinator's certificates, now
   * @throws IOException if the last checkpoint cannot be read: then nothing may be believed
   */
  public static AuditWitness open(
      Path folder, Credential signing, ChainCheck chains, InstantSource clock) throws IOException {
    AuditWitness witness = new AuditWitness(folder, signing, chains, clock);
    Head _ = witness.known();
    return witness;
  }

  /** What a folder holds; works while a node serves from it. */
  public static View view(Path folder) throws IOException {
    return new View(last(folder), new Distrust(folder).reason());
  }

  /**
   * Size and root of the last checkpoint that was found right, or that people accepted.
   *
   * @throws IOException if it cannot be read: then nothing may be believed
   */
  public synchronized Head known() throws IOException {
    return memory().head();
  }

  /**
   * {@link #known} with the coordinator's signature: the proof, should its log be shorter one day.
   *
   * @throws IOException if it cannot be read: then nothing may be believed
   */
  public synchronized Memory memory() throws IOException {
    Optional<SignedCheckpoint> last = last(folder);
    if (last.isEmpty()) {
      return new Memory(MerkleFrontier.empty().head(), last);
    }
    try {
      return new Memory(Checkpoint.parse(last.get().body()).head(), last);
    } catch (CheckpointRefused damaged) {
      throw new IOException(
          "read %s: %s".formatted(folder.resolve(LAST), damaged.getMessage()), damaged);
    }
  }

  /**
   * Judges an offered checkpoint.
   *
   * @param proof that the log continues {@link #known}
   * @throws IOException if it could not be stored; then it is neither known nor cosigned
   */
  public synchronized Judgement offered(SignedCheckpoint offered, List<Fingerprint> proof)
      throws IOException {
    Head known = known();
    try {
      Head head = check(offered, proof, known);
      if (distrust.reason().isPresent()) {
        return new Judgement.Withheld();
      }
      KeyFile.replace(folder.resolve(LAST), offered.text().getBytes(StandardCharsets.US_ASCII));
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      return new Judgement.Right(
          new ReleasedCosignature(
              head.size(),
              offered.body(),
              Cosignature.of(offered.body(), now, SigningKey.of(signing), signing.chain())));
    } catch (CheckpointRefused refused) {
      // A certificate that ended in between, or a damaged message, is no evidence of a rewritten
      // log.
      if (refused.why() == Why.SHORTER || refused.why() == Why.INCONSISTENT) {
        distrust.keep(offered, refused, known, clock.instant());
      }
      return new Judgement.Refused(refused.why(), String.valueOf(refused.getMessage()));
    }
  }

  private Head check(SignedCheckpoint offered, List<Fingerprint> proof, Head known)
      throws CheckpointRefused {
    Checkpoint checkpoint = offered.open(chains);
    Head head = checkpoint.head();
    if (head.size() < known.size()) {
      throw new CheckpointRefused(
          Why.SHORTER,
          "the coordinator's log has %d entries, it had %d before"
              .formatted(head.size(), known.size()));
    }
    if (!MerkleTree.continues(known, head, proof)) {
      throw new CheckpointRefused(
          Why.INCONSISTENT,
          "the coordinator's log of %d entries does not continue the one of %d that this site saw"
              .formatted(head.size(), known.size()));
    }
    return head;
  }

  private static Optional<SignedCheckpoint> last(Path folder) throws IOException {
    Path file = folder.resolve(LAST);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      byte[] text = KeyFile.readDurable(file, SignedCheckpoint.TEXT_BYTES_MAX);
      return Optional.of(SignedCheckpoint.parse(new String(text, StandardCharsets.US_ASCII)));
    } catch (CheckpointRefused damaged) {
      throw new IOException("read %s: %s".formatted(file, damaged.getMessage()), damaged);
    }
  }
}
