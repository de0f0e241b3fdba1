package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.consilium.coordinator.intake.Intake.Announced;
import org.consilium.coordinator.intake.Intake.Attached;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.bulk.WriteBack;
import org.consilium.security.sign.VerifyingKey;

/**
 * Takes sealed updates in: announce, send chunks in any order, check. Holds a few buffers of 1 MiB
 * for an update, never the update. A checked update is on disk; whether it counts is for the round
 * to journal. Safe for use by many threads; one upload a site and study at a time.
 */
public final class UpdateIntake {
  /** Never the store's own words: they name folders. */
  static final String CANNOT_STORE = "the coordinator could not store it";

  /** Room that is left free for the journal and the next model's header. */
  public static final long RESERVE_BYTES = 16 << 20;

  /** Checks at once: each keeps a core busy. */
  private static final int CHECKS = 2;

  private final Spool spool;
  private final SpoolSpace space;
  private final long reserve;
  private final Semaphore checks = new Semaphore(CHECKS);
  private final Executor disk =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("spool-write-back").factory());
  private final OpenUploads uploads = new OpenUploads();

  /**
   * Takes updates into a spool.
   *
   * @param reserve bytes that are left free, {@link #RESERVE_BYTES}
   */
  public UpdateIntake(Spool spool, SpoolSpace space, long reserve) {
    this.spool = spool;
    this.space = space;
    this.reserve = reserve;
  }

  /** Verifies that a manifest is the caller's, and decodes it; nothing is allocated for it yet. */
  public static Intake announce(SiteId caller, VerifyingKey key, byte[] body, byte[] signature) {
    if (!key.verify(SignedKind.UPDATE.label(), body, signature)) {
      return new Rejected(
          Why.BAD_SIGNATURE,
          "announce update of site %s: its signature is not valid".formatted(caller));
    }
    try {
      return new Announced(caller, ManifestCodec.decode(body), Digest.sha256(body), body);
    } catch (MalformedMessage malformed) {
      return new Rejected(
          Why.MALFORMED,
          "announce update of site %s: %s".formatted(caller, malformed.getMessage()));
    }
  }

  /** Compares an announced update with the open round and makes room for it. */
  public Intake begin(Announced announced, IntakeTerms terms) {
    Optional<Rejected> mismatch = mismatch(announced, terms);
    if (mismatch.isPresent()) {
      return mismatch.get();
    }
    Spool.Place place = new Spool.Place(terms.round(), terms.attempt(), announced.site());
    OpenUploads.Desk desk = uploads.desk(place);
    synchronized (desk) {
      if (uploads.over(place)) { // announced again, it is told what became of it
        return rejected(
            Why.UNKNOWN_UPLOAD, announced.site(), "its round ended while it was announced");
      }
      Optional<Upload> open = desk.open();
      if (open.filter(u -> same(u, announced)).isPresent()) {
        Optional<Rejected> full = full(announced, open.get().missingBytes());
        if (full.isPresent()) { // before the site sends a chunk for nothing
          return full.get();
        }
        open.get().takeFromStream();
        return open.get().progress();
      }
      if (open.filter(u -> u.leased() || passed(u, terms)).isPresent()) {
        return rejected(Why.BUSY, announced.site(), "another upload of this site is under way");
      }
      if (!desk.lets(place, announced.upload())) {
        return rejected(
            Why.DIFFERENT_UPDATE,
            announced.site(),
            "it announced another one than before %d times in round %s, attempt %d"
                .formatted(OpenUploads.CHANGES_MAX, terms.round(), terms.attempt()));
      }
      return make(desk, place, announced, terms);
    }
  }

  /** Makes room for an upload in place of what is at its desk, which is held. */
  private Intake make(
      OpenUploads.Desk desk, Spool.Place place, Announced announced, IntakeTerms terms) {
    try {
      Optional<Rejected> full = full(announced, announced.manifest().seal().sealedBytes());
      if (full.isPresent()) {
        return full.get();
      }
      uploads.close(desk);
      Upload upload = create(announced, terms, place);
      uploads.open(desk, upload);
      return upload.progress();
    } catch (IOException disk) {
      return rejected(Why.DISK_FULL, announced.site(), CANNOT_STORE);
    }
  }

  /** Whether there is no room for so many bytes. */
  private Optional<Rejected> full(Announced announced, long wanted) {
    try {
      return wanted > 0 && space.usableBytes() < wanted + reserve
          ? no(
              Why.DISK_FULL,
              announced.site(),
              "%d bytes needed, %d bytes left, %d are kept free"
                  .formatted(wanted, space.usableBytes(), reserve))
          : Optional.empty();
    } catch (IOException unknown) {
      return no(Why.DISK_FULL, announced.site(), CANNOT_STORE);
    }
  }

  /** Whether an upload of the open attempt was checked: it may be journaled at any moment. */
  private static boolean passed(Upload open, IntakeTerms terms) {
    return open.checked().isPresent()
        && open.place().round().equals(terms.round())
        && open.place().attempt() == terms.attempt();
  }

  /** Gives one stream at a time the right to send an upload's chunks. */
  public Intake attach(SiteId caller, Digest upload) {
    Optional<Upload> found = uploads.find(caller, upload);
    if (found.isEmpty()) {
      return unknown(caller, upload);
    }
    OptionalInt lease = found.get().lease();
    return lease.isPresent()
        ? new Attached(new UploadLease(found.get(), lease.getAsInt(), space, reserve))
        : rejected(Why.BUSY, caller, "its chunks are being sent on another stream");
  }

  /** The study that an announced upload is for. */
  public Optional<StudyId> study(SiteId caller, Digest upload) {
    return uploads.find(caller, upload).map(u -> u.place().round().study());
  }

  /**
   * Opens and checks a complete upload and forces it to the disk. One that does not pass is removed
   * and has to be announced anew.
   */
  public Intake check(SiteId caller, Digest name) {
    Optional<Upload> found = uploads.find(caller, name);
    if (found.isEmpty()) {
      return unknown(caller, name);
    }
    Upload upload = found.get();
    if (upload.checked().isPresent()) {
      return upload.checked().get();
    }
    if (!upload.complete()) {
      return rejected(
          Why.INCOMPLETE,
          caller,
          "chunk %d of %d is missing"
              .formatted(upload.missing(), upload.manifest().seal().chunks()));
    }
    OptionalInt lease = upload.leaseForCheck();
    if (lease.isEmpty()) {
      return rejected(Why.BUSY, caller, "its chunks are still being sent");
    }
    checks.acquireUninterruptibly();
    try {
      return checked(upload);
    } catch (IOException disk) {
      return rejected(Why.DISK_FULL, caller, CANNOT_STORE);
    } finally {
      checks.release();
      upload.release(lease.getAsInt());
    }
  }

  /** Lets go of a study's uploads that belong to another attempt, and removes their files. */
  public void keepOnly(StudyId study, Optional<org.consilium.protocol.RoundId> round, int attempt)
      throws IOException {
    uploads.keepOnly(study, round, attempt);
    spool.keepOnly(study, round, attempt);
  }

  /** Lets go of a site's upload, for example because its file turned out to be damaged. */
  public void discard(Spool.Place place) throws IOException {
    drop(place);
    spool.withdraw(place);
  }

  /** Lets go of what is open at a place, and removes its files before another is made there. */
  private void drop(Spool.Place place) throws IOException {
    OpenUploads.Desk desk = uploads.desk(place);
    synchronized (desk) {
      if (desk.open().filter(u -> u.place().equals(place)).isPresent()) {
        uploads.close(desk);
      }
      spool.remove(place);
    }
  }

  private Intake checked(Upload upload) throws IOException {
    Intake outcome = judged(upload);
    if (outcome instanceof Checked checked) {
      force(upload);
      spool.share(upload.place(), upload.announced().upload());
      upload.checked(checked);
    } else {
      drop(upload.place());
    }
    return outcome;
  }

  /** What can twice not be read is as good as lost: the site has to send all of it again. */
  private Intake judged(Upload upload) throws IOException {
    try {
      return new UpdateCheck(upload).run();
    } catch (IOException once) {
      try {
        return new UpdateCheck(upload).run();
      } catch (IOException unreadable) {
        if (upload.file().isOpen()) { // or the process is about to end, and the file is good
          drop(upload.place());
        }
        throw unreadable;
      }
    }
  }

  /**
   * Has the disk keep an upload. When it does not, what is in the file is not to be trusted, and a
   * second try could succeed without it: the site has to send all of it again.
   */
  private void force(Upload upload) throws IOException {
    try {
      FailPoint.SPOOL_UNFORCED.reachDisk();
      upload.force();
      spool.forceFolders(upload.place());
    } catch (IOException lost) {
      // Or the process is about to end: nothing is lost, and the next one writes it anew.
      if (upload.file().isOpen() && !Thread.currentThread().isInterrupted()) {
        drop(upload.place());
      }
      throw lost;
    }
    FailPoint.SPOOL_FORCED.reach();
  }

  private Upload create(Announced announced, IntakeTerms terms, Spool.Place place)
      throws IOException {
    boolean known = spool.manifestHere(place, announced.upload()).isPresent();
    if (!known) {
      spool.remove(place);
    }
    FileChannel file = spool.create(place, announced.body());
    Upload upload = new Upload(announced, terms, place, file, new WriteBack(disk));
    if (known) {
      try {
        upload.recover();
      } catch (IOException unreadable) {
        boolean open = file.isOpen(); // or the process is about to end, and the file may be good
        upload.close(); // nobody else knows of it
        if (open) {
          spool.remove(place); // the next time it begins anew
        }
        throw unreadable;
      }
    }
    return upload;
  }

  private static boolean same(Upload open, Announced announced) {
    return open.announced().upload().equals(announced.upload())
        && open.place().attempt() == announced.manifest().attempt();
  }

  private static Optional<Rejected> mismatch(Announced announced, IntakeTerms terms) {
    UpdateManifest m = announced.manifest();
    SiteId site = announced.site();
    Integer samples = terms.samples().get(site);
    if (!m.round().equals(terms.round()) || m.attempt() != terms.attempt()) {
      return no(
          Why.WRONG_ROUND,
          site,
          "it is for round %s, attempt %d; open is round %s, attempt %d"
              .formatted(m.round(), m.attempt(), terms.round(), terms.attempt()));
    }
    if (samples == null) {
      return no(
          Why.NOT_A_PARTICIPANT, site, "it is not on the roster of round %s".formatted(m.round()));
    }
    if (!m.base().equals(terms.base())) {
      return no(
          Why.WRONG_BASE,
          site,
          "base model is %s, the round's is %s"
              .formatted(m.base().digest().brief(), terms.base().digest().brief()));
    }
    long expected = terms.layout().length() + UpdateManifest.TRAILER;
    if (!m.layoutDigest().equals(terms.layout().digest()) || m.vectorLength() != expected) {
      return no(
          Why.WRONG_LAYOUT,
          site,
          "layout %s with %d values, the model's is %s with %d"
              .formatted(
                  m.layoutDigest().brief(),
                  m.vectorLength(),
                  terms.layout().digest().brief(),
                  expected));
    }
    if (m.valueBytes() != terms.valueBytes()) {
      return no(
          Why.WRONG_LAYOUT,
          site,
          "values of %d bytes, the round's have %d".formatted(m.valueBytes(), terms.valueBytes()));
    }
    if (!terms.allows(m.seal().shifts())) {
      return no(
          Why.WRONG_LAYOUT,
          site,
          "%d shifts for %d tensors under encoding %s, or one too large"
              .formatted(
                  m.seal().shifts().length,
                  terms.layout().tensors().size(),
                  terms.encoding().word()));
    }
    int weight = terms.weights().getOrDefault(site, 0);
    if (m.samples() != samples || m.weight() != weight) {
      return no(
          Why.WRONG_WEIGHT,
          site,
          "weight %d for %d examples, agreed was weight %d for %d"
              .formatted(m.weight(), m.samples(), weight, samples));
    }
    if (!m.context().equals(terms.context())) {
      return no(
          Why.WRONG_CONTEXT,
          site,
          "round context is %s, the round's is %s"
              .formatted(m.context().brief(), terms.context().brief()));
    }
    return Optional.empty();
  }

  private static Optional<Rejected> no(Why why, SiteId site, String detail) {
    return Optional.of(rejected(why, site, detail));
  }

  private static Rejected unknown(SiteId caller, Digest upload) {
    return rejected(
        Why.UNKNOWN_UPLOAD, caller, "upload %s was not announced".formatted(upload.brief()));
  }

  private static Rejected rejected(Why why, SiteId site, String detail) {
    return new Rejected(why, "update of site %s: %s".formatted(site, detail));
  }
}
