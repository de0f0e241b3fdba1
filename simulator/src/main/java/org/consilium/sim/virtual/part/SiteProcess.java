package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.MaskEvent;
import org.consilium.coordinator.study.Studies;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.mask.Masks;
import org.consilium.sim.virtual.Weakness;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.SeededRandom;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.masking.Trust;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.protect.Assignment;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.ReleasedMask;
import org.consilium.site.protect.ReleasedReport;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.Residuals;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.session.Halt;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.train.TrainingJob;
import org.consilium.site.train.TrainingResult;
import org.consilium.site.upload.Delivery;
import org.consilium.site.validate.Findings;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;
import org.consilium.site.work.Carriage;

/**
 * One life of a site's node: its real exit, outbox and masking desk on the site's disk. What a step
 * does is here; when it is done is {@link SitePart}'s to say.
 */
final class SiteProcess {
  private static final int CLASS_CASES = 30;
  private static final int LEVELS = 3; // of its state, as a node settles when it starts

  private final Setting setting;
  private final World.Member member;
  private final VirtualDisk.Mount mount;
  private final Outlet outlet;
  private final Halt halt = new Halt();
  private final UpdateProtector updates;
  private final ReportProtector reports;
  private final Outbox outbox;
  private final MaskDesk desk;

  /** Sends one call to the coordinator. */
  @FunctionalInterface
  interface Outlet {
    <T> T call(String what, CoordinatorPart.Call<T> call) throws Unreachable;
  }

  SiteProcess(Setting setting, World.Member member, VirtualDisk.Mount mount, Outlet outlet)
      throws IOException {
    this.setting = setting;
    this.member = member;
    this.mount = mount;
    this.outlet = outlet;
    DurableFolder.settle(mount.path("/node"), LEVELS);
    var identity = member.identity();
    this.updates = new UpdateProtector(identity, setting.world().chains(), 1);
    this.reports = new ReportProtector(identity);
    this.outbox = Outbox.open(mount.path("/node/outbox"), identity.key().verifyingKey());
    SeededRandom random = new SeededRandom(setting.chance().nextLong());
    this.desk =
        new MaskDesk(
            mount.path("/node/studies"),
            new SealedFile(identity.roundingSecret(), "masking", random),
            new MaskProtector(identity),
            (message, _) -> send(message),
            new Trust(member.site(), setting.world().chains(), _ -> true),
            random,
            _ -> {});
  }

  private SiteId site() {
    return member.site();
  }

  boolean masked() {
    return setting.world().plan().protection().exposure() instanceof Exposure.Masked;
  }

  /** Begins masking beside training; a validation task ends that of its round. */
  void announce(RoundTask task) throws IOException {
    if (!masked()) {
      return;
    }
    if (task.kind() == RoundTask.Kind.VALIDATE) {
      desk.over(new RoundId(task.study(), task.round()));
    } else {
      desk.begin(task, Work.context(task, setting.world()));
    }
    desk.advance(halt);
  }

  void order(MaskOrder order) throws IOException {
    desk.order(order);
    desk.advance(halt);
  }

  /** A kept update that answers the task. */
  Optional<SealedUpdate> kept(RoundTask task) throws IOException {
    outbox.removeBefore(task.study(), task.round());
    setting.checker().forgot(site(), task.round());
    Optional<SealedUpdate> found = outbox.find(task);
    return setting.weakness() == Weakness.SEALS_ANEW ? Optional.empty() : found;
  }

  void forget(RoundTask task) throws IOException {
    setting.checker().forgot(site(), task.round() + 1);
    outbox.removeBefore(task.study(), task.round() + 1);
  }

  /** The round's version, from the cache or from the coordinator; empty if it is another's. */
  Optional<Path> fetch(RoundTask task) throws IOException, Unreachable {
    var version = task.model().version();
    Path file = mount.path("/node/models/" + version.digest().hex());
    if (Files.exists(file) && Digest.sha256(file).equals(version.digest())) {
      return Optional.of(file);
    }
    byte[] bytes =
        outlet.call(
            "fetch of a model",
            studies -> {
              Optional<Path> from = studies.modelFor(site(), version);
              return from.isPresent() ? Files.readAllBytes(from.get()) : new byte[0];
            });
    if (!Digest.sha256(bytes).equals(version.digest())) {
      return Optional.empty();
    }
    Files.createDirectories(mount.path("/node/models"));
    Files.write(file, bytes);
    return Optional.of(file);
  }

  /** Where masks stand; nothing while that is not known. */
  Optional<MaskDesk.Outcome> masks(RoundTask task) {
    return desk.outcome(Work.context(task, setting.world()));
  }

  /** What becomes of a task's delta when it is late. */
  Carriage carriage(RoundTask task) {
    return new Carriage(
        task, setting.world().plan(), mount.path("/node/studies/" + task.study()), _ -> {});
  }

  /** Protects the delta that was late before, or trains; durable when this returns. */
  Protection protect(Work work, Optional<Masks> masks) throws IOException {
    RoundTask task = work.task;
    if (work.late.isPresent()) {
      Carriage carriage = carriage(task);
      try (TrainingResult.Trained kept = carriage.open()) {
        return protect(kept, work, carriage.from(work.late.get()), masks);
      }
    }
    try (TrainingResult.Trained trained = train(work)) {
      float[] plain = new float[Math.toIntExact(setting.world().layout().length())];
      trained.delta().read(0, plain, 0, plain.length);
      setting.reference().trained(site(), task.round(), task.model().version(), plain);
      carriage(task).keep(trained);
      return protect(trained, work, Optional.empty(), masks);
    }
  }

  private Protection protect(
      TrainingResult.Trained delta,
      Work work,
      Optional<Assignment.Carried> carried,
      Optional<Masks> masks)
      throws IOException {
    Path draft = outbox.draft(work.task);
    Assignment assignment =
        new Assignment(
            work.task,
            setting.world().plan(),
            member.samples(),
            2,
            masks,
            draft,
            carried,
            Residuals.in(draft.resolveSibling("left"), _ -> {}));
    Protection made = updates.protect(delta, assignment);
    if (made instanceof Protection.Sealed(SealedUpdate update)) {
      carried.ifPresent(
          from -> setting.reference().carries(update.id(), from.round(), from.base()));
      outbox.put(update);
    }
    return made;
  }

  private TrainingResult.Trained train(Work work) throws IOException {
    World world = setting.world();
    RoundTask task = work.task;
    TrainingJob job =
        new TrainingJob(
            world.plan(),
            site(),
            task.round(),
            work.model.orElseThrow(),
            Optional.empty(),
            task.model().layoutDigest(),
            member.cohort(),
            mount.path("/node/studies/" + task.study()),
            task.terms().orElseThrow().referenceSamples());
    TrainingResult result = new SyntheticTrainer().train(job, (_, _, _) -> true);
    if (!(result instanceof TrainingResult.Trained trained)) {
      throw new IllegalStateException("synthetic training ended with " + result);
    }
    return trained;
  }

  /** Notes an update before it is sent; why it must not be, if so. */
  Optional<String> uploaded(Work work) throws IOException {
    Digest context = Work.context(work.task, setting.world());
    Digest upload = work.update.orElseThrow().id();
    Optional<String> refused =
        masked() ? desk.uploaded(work.task.study(), context, upload) : Optional.empty();
    if (refused.isEmpty()) {
      Path spool = work.update.orElseThrow().spool();
      boolean durable =
          mount.durable(spool) && mount.durable(spool.resolveSibling("update.manifest"));
      setting.checker().uploading(site(), work.task, context, upload, durable);
    }
    return refused;
  }

  /** The update is not taken for its round: another one may be made for the same. */
  void withdraw(Work work) throws IOException {
    setting.checker().withdrawn(work.update.orElseThrow().id());
    carriage(work.task).drop(); // first: killed in between, it sends the same bytes again
    outbox.remove(work.task.study(), work.task.round());
  }

  Intake begin(SealedUpdate update) throws Unreachable {
    byte[] body = update.body();
    byte[] signature = update.signature();
    return outlet.call("begin", studies -> studies.begin(site(), body, signature));
  }

  Intake chunk(SealedUpdate update, int index) throws IOException, Unreachable {
    ByteBuffer bytes = ByteBuffer.allocate(update.manifest().chunkBytes(index));
    try (FileChannel spool = FileChannel.open(update.spool(), StandardOpenOption.READ)) {
      long at = (long) index * Limits.CHUNK_SEALED_BYTES;
      while (bytes.hasRemaining()) {
        if (spool.read(bytes, at + bytes.position()) < 0) {
          throw new IOException("the spool ends in chunk " + index);
        }
      }
    }
    bytes.flip();
    Digest upload = update.id();
    return outlet.call(
        "chunk " + index,
        studies -> {
          Intake attached = studies.attach(site(), upload);
          if (!(attached instanceof Intake.Attached(var lease))) {
            return attached;
          }
          try (lease) {
            int half = bytes.limit() / 2; // two messages, and a disk may fail between them
            if (half < Limits.PART_BYTES_MIN) {
              return lease.put(index, 0, bytes.duplicate());
            }
            Intake first = lease.put(index, 0, bytes.duplicate().limit(half));
            return first instanceof Intake.Rejected
                ? first
                : lease.put(index, half, bytes.duplicate().position(half));
          }
        });
  }

  Intake commit(Work work, CoordinatorPart coordinator) throws Unreachable {
    Digest upload = work.update.orElseThrow().id();
    return outlet.call("commit", studies -> coordinator.commit(studies, site(), work.task, upload));
  }

  /** A report of one number that the version decides, through the real exit. */
  ReleasedReport report(RoundTask task) {
    double auroc = 0.7 + 0.001 * task.round();
    return reports.protect(
        new Findings(
            new RoundId(task.study(), task.round()),
            task.window(),
            task.model().version(),
            new Counts(List.of(CLASS_CASES, CLASS_CASES)),
            Optional.empty(),
            List.of(
                new Finding(
                    Subject.GLOBAL,
                    Cases.HOLDOUT,
                    Quantity.AUROC,
                    auroc,
                    auroc - 0.05,
                    auroc + 0.05))),
        setting.world().plan().protection().smallCell());
  }

  /** What the masking desk says leaves here, and is written down as the checker sees it. */
  private Delivery send(ReleasedMask message) throws IOException {
    MaskEvent.Kind kind = note(message);
    durable(message, kind);
    Delivery delivered = submit(message, kind);
    if (kind == MaskEvent.Kind.CONSENT && setting.weakness() == Weakness.SIGNS_TWICE) {
      MaskMessage.Consent consent = MaskCodec.consent(message.messages().getFirst().body());
      Fingerprint other = Fingerprint.sha256(consent.survivors().bytes());
      ReleasedMask second = new MaskProtector(member.identity()).consent(consent.place(), other);
      Delivery _ = submit(second, note(second));
    }
    return delivered;
  }

  private MaskEvent.Kind note(ReleasedMask message) {
    byte[] first = message.messages().getFirst().body();
    return switch (message.kind()) {
      case KEYS -> MaskEvent.Kind.KEYS;
      case SHARES -> MaskEvent.Kind.PARCELS;
      case COMPLAINT -> MaskEvent.Kind.COMPLAINT;
      case U3_SIGNATURE -> {
        setting.checker().pledged(site(), MaskCodec.consent(first));
        yield MaskEvent.Kind.CONSENT;
      }
      case UNMASK_SHARES -> {
        setting.checker().released(site(), MaskCodec.release(first));
        yield MaskEvent.Kind.RELEASE;
      }
      default -> throw new IllegalStateException("no message of masking: " + message.kind());
    };
  }

  /**
   * What a message binds the site to has to survive. Keys are said again while a later step's note
   * waits to be written anew, and bind it to nothing but the note before.
   */
  private void durable(ReleasedMask message, MaskEvent.Kind kind) {
    List<String> files =
        switch (kind) {
          case CONSENT -> List.of("masking.sealed", "mask-pledges.txt");
          case PARCELS, RELEASE -> List.of("masking.sealed");
          default -> List.of();
        };
    for (String file : files) {
      if (!mount.durable(mount.path("/node/studies/" + World.STUDY + "/" + file))) {
        setting.checker().leavesUnnoted(site(), kind.name(), message.round().number(), file);
      }
    }
  }

  private Delivery submit(ReleasedMask message, MaskEvent.Kind kind) throws IOException {
    try {
      Intake answer =
          outlet.call(
              kind + " of round " + message.round().number(),
              (Studies studies) ->
                  studies.mask(site(), message.round().study(), kind, message.messages()));
      return switch (answer) {
        case Intake.Accepted(_, boolean duplicate) -> new Delivery.Accepted(duplicate);
        case Intake.Rejected(Intake.Why why, _) -> new Delivery.Refused(why.name());
        default -> throw new IllegalStateException("an answer that masking cannot have");
      };
    } catch (Unreachable cut) {
      return new Delivery.Postponed("no answer");
    }
  }
}
