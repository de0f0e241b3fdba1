package org.consilium.protocol.fault;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A named place in a service where a crash is worth a test: between two things that must both be on
 * disk or both not, or where one has been done and nobody was told.
 *
 * <p>All of them are off. One is on in a process that was started with {@code
 * -Dconsilium.failpoint=NAME:ACTION[:N[-M]]}: at the N-th time the place is reached (the first, if
 * it is not said) the process is killed ({@code kill}: SIGKILL to itself; {@code halt}: ends
 * without a word), waits ({@code pause=SECONDS}), or the disk fails there ({@code io-error}, from
 * the N-th to the M-th time). It is read once and from nowhere else: no message, no file and no
 * environment variable of ours sets it.
 */
public enum FailPoint {
  /** A round's opening is journaled, nobody was told. */
  ROUND_OPENED("coordinator.round-opened"),
  /** A site's mask keys are journaled, it has no receipt. */
  KEYS_JOURNALED("coordinator.keys-journaled"),
  /** A site's parcels are journaled, it has no receipt. */
  PARCELS_JOURNALED("coordinator.parcels-journaled"),
  /** The parcels for a site are read and signed, and not sent. */
  PARCELS_HANDED_ON("coordinator.parcels-handed-on"),
  /** A chunk is written but for half of its last part. May fail as a disk does. */
  CHUNK_HALF_WRITTEN("coordinator.chunk-half-written", true),
  /** All chunks are written and checked, and not forced to disk. May fail as a disk does. */
  SPOOL_UNFORCED("coordinator.spool-unforced", true),
  /** All chunks are forced to disk, nothing is journaled. */
  SPOOL_FORCED("coordinator.spool-forced"),
  /** Entries are inserted into the journal, and not committed. May fail as a disk does. */
  JOURNAL_UNCOMMITTED("coordinator.journal-uncommitted", true),
  /** An update is journaled, its site has no receipt. */
  UPDATE_JOURNALED("coordinator.update-journaled"),
  /** The last update that a round waited for is journaled, its site has no receipt. */
  LAST_UPDATE_JOURNALED("coordinator.last-update-journaled"),
  /** The survivors are fixed and signed for a site, and not sent. */
  SURVIVORS_CHOSEN("coordinator.survivors-chosen"),
  /** A site's consent is journaled, it has no receipt. */
  CONSENT_JOURNALED("coordinator.consent-journaled"),
  /** A site's released shares are journaled, it has no receipt. */
  RELEASE_JOURNALED("coordinator.release-journaled"),
  /** The next version is computed and complete in its draft, and has no name. */
  MODEL_COMPUTED("coordinator.model-computed"),
  /** The next version has its name on disk, and is not journaled. */
  MODEL_STORED("coordinator.model-stored"),
  /** The next version is journaled, nobody was told. */
  MODEL_JOURNALED("coordinator.model-journaled"),
  /** A site's validation report is journaled, it has no receipt. */
  REPORT_JOURNALED("coordinator.report-journaled"),

  /** A training step is done. */
  TRAINING_STEP("site.training-step"),
  /** A long training's progress is on disk. */
  PROGRESS_KEPT("site.progress-kept"),
  /** An update is sealed and signed, and its manifest is not in the outbox. */
  UPDATE_SIGNED("site.update-signed"),
  /** An update's spool is to be forced to disk. May fail as a disk does. */
  OUTBOX_UNFORCED("site.outbox-unforced", true),
  /** An update is durable in the outbox, nothing of it was sent. */
  UPDATE_SPOOLED("site.update-spooled"),
  /** A chunk was handed to the transport. */
  CHUNK_SENT("site.chunk-sent"),
  /** The coordinator's receipt of an update has come, and nothing was done about it. */
  RECEIPT_READ("site.receipt-read"),
  /** The consent to the survivors is on disk, and not sent. */
  CONSENT_FORCED("site.consent-forced"),
  /** The shares to release are known, nothing says on disk that they leave. */
  RELEASE_UNRECORDED("site.release-unrecorded"),
  /** The egress ledger says that the shares leave, and they have not left. */
  RELEASE_RECORDED("site.release-recorded"),
  /** A line is to be written to the egress ledger. May fail as a disk does. */
  LEDGER_UNWRITTEN("site.ledger-unwritten", true);

  /** The system property that turns one on. */
  public static final String PROPERTY = "consilium.failpoint";

  private final String word;
  private final boolean disk;
  private final boolean on;

  FailPoint(String word) {
    this(word, false);
  }

  /** {@code disk}: whether what is done there may fail as a disk does. */
  FailPoint(String word, boolean disk) {
    this.word = word;
    this.disk = disk;
    this.on = Fault.SET.name().equals(word);
  }

  /** Its name, for example {@code coordinator.spool-forced}. */
  public String word() {
    return word;
  }

  /** Whether this process was started with it. */
  public boolean on() {
    return on;
  }

  /** Does what was asked for here, if anything was. */
  public void reach() {
    if (on) {
      Fault.SET.reached();
    }
  }

  /**
   * The same where a disk may fail.
   *
   * @throws IOException if it was asked for
   */
  public void reachDisk() throws IOException {
    if (on) {
      Fault.SET.reachedDisk();
    }
  }

  /**
   * What a service says when it starts; empty when no fail-point is on.
   *
   * @throws IllegalArgumentException if the property is set and says nothing that is known
   */
  public static Optional<String> warning() {
    String said = Fault.SET.said();
    if (said.isEmpty()) {
      return Optional.empty();
    }
    if (Arrays.stream(values()).anyMatch(point -> point.on && !point.disk && Fault.SET.ofDisk())) {
      throw new IllegalArgumentException("-D%s=%s: no disk fails there".formatted(PROPERTY, said));
    }
    if (Arrays.stream(values()).noneMatch(FailPoint::on)) {
      throw new IllegalArgumentException(
          "-D%s=%s: not NAME:kill, NAME:halt, NAME:pause=SECONDS or NAME:io-error with a name of %s"
              .formatted(
                  PROPERTY,
                  said,
                  Arrays.stream(values()).map(FailPoint::word).collect(Collectors.joining(", "))));
    }
    return Optional.of("FAIL-POINT ON, for tests only: -D%s=%s".formatted(PROPERTY, said));
  }
}
