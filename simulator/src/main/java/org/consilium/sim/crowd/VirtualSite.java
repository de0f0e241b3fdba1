package org.consilium.sim.crowd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.study.Outgoing;
import org.consilium.coordinator.study.Studies;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.mask.Masks;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.protect.Assignment;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.ReleasedReport;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.protect.SiteIdentity;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.train.TrainingJob;
import org.consilium.site.train.TrainingResult;
import org.consilium.site.validate.Findings;

/**
 * One hospital of a crowd: answers what is pending for it with what a node would send, through the
 * same protection, and keeps nothing of a model. One thread at a time.
 */
final class VirtualSite {
  private static final int SAMPLES = 1000;

  private final SiteIdentity self;
  private final Studies studies;
  private final Times times;
  private final Path folder;
  private final CohortSource cohort;
  private final UpdateProtector protector;
  private final ReportProtector reports;
  private final VirtualMasks masks;
  private final Set<String> seen = new TreeSet<>();

  VirtualSite(SiteIdentity self, Network network, Times times, Path folder, CohortSource cohort) {
    this.self = self;
    this.studies = network.studies();
    this.times = times;
    this.folder = folder;
    this.cohort = cohort;
    this.protector = new UpdateProtector(self, network.chains(), 1);
    this.reports = new ReportProtector(self);
    this.masks = new VirtualMasks(self, network, times);
  }

  SiteId id() {
    return self.site();
  }

  /** Does all that is pending; whether there was anything. */
  boolean act(StudyPlan plan, int round) throws IOException {
    List<Outgoing> pending =
        times.of(Work.TELL, round, () -> studies.pending(id(), seen::contains));
    for (Outgoing message : pending) {
      boolean _ = seen.add(message.about());
      switch (message.kind()) {
        case PROPOSAL -> accept(PlanCodec.planBytes(message.body()));
        case TASK -> work(TaskCodec.decode(message.body()), plan);
        case MASK_ORDER -> {
          Optional<RoundTask> ready = masks.answer(MaskCodec.order(message.body()), round);
          if (ready.isPresent()) {
            train(ready.get(), plan, Optional.of(masks.masks()));
          }
        }
        default -> throw new IOException("crowd: a message of kind " + message.kind());
      }
    }
    return !pending.isEmpty();
  }

  private void accept(byte[] planBytes) throws IOException {
    if (studies.decide(id(), Digest.sha256(planBytes), true, "", SAMPLES)
        instanceof Reply.Refused(String why)) {
      throw new IOException("crowd: " + why);
    }
  }

  private void work(RoundTask task, StudyPlan plan) throws IOException {
    if (task.terms().isEmpty()) {
      masks.over();
      Boolean _ = times.of(Work.REPORT, task.round(), () -> report(task));
    } else if (task.terms().get().threshold() > 0) {
      masks.begin(task, plan);
    } else {
      train(task, plan, Optional.empty());
    }
  }

  private void train(RoundTask task, StudyPlan plan, Optional<Masks> hiding) throws IOException {
    SealedUpdate update = times.of(Work.PROTECT, task.round(), () -> protect(task, plan, hiding));
    try {
      if (hiding.isPresent()) {
        masks.uploaded(update.id());
      }
      Boolean _ = times.of(Work.SEND, task.round(), () -> send(update));
      Intake outcome = times.of(Work.CHECK, task.round(), () -> studies.commit(id(), update.id()));
      if (!(outcome instanceof Intake.Accepted)) {
        throw new IOException("crowd: " + outcome);
      }
    } finally {
      Files.deleteIfExists(update.spool());
    }
  }

  private SealedUpdate protect(RoundTask task, StudyPlan plan, Optional<Masks> hiding)
      throws IOException {
    Path base =
        studies
            .modelFor(id(), task.model().version())
            .orElseThrow(() -> new IOException("crowd: the base of %s is gone".formatted(task)));
    TrainingJob job =
        new TrainingJob(
            plan,
            id(),
            task.round(),
            base,
            Optional.empty(),
            task.model().layoutDigest(),
            cohort,
            folder,
            task.terms().orElseThrow().referenceSamples());
    TrainingResult result = new SyntheticTrainer().train(job, (_, _, _) -> true);
    if (!(result instanceof TrainingResult.Trained trained)) {
      throw new IOException("crowd: %s did not train: %s".formatted(id(), result));
    }
    try (trained) {
      Path spool = folder.resolve(id() + ".sealed");
      Assignment assignment = new Assignment(task, plan, SAMPLES, 2, hiding, spool);
      return switch (protector.protect(trained, assignment)) {
        case Protection.Sealed(SealedUpdate update) -> update;
        case Protection.Refused(var why, String detail) ->
            throw new IOException("crowd: %s, %s: %s".formatted(id(), why, detail));
        case Protection.Stopped _ -> throw new IOException("crowd: nobody stops a site");
      };
    }
  }

  private boolean send(SealedUpdate update) throws IOException {
    Intake begun = studies.begin(id(), update.body(), update.signature());
    if (!(begun instanceof Intake.Progress)) {
      throw new IOException("crowd: " + begun);
    }
    Intake attached = studies.attach(id(), update.id());
    if (!(attached instanceof Intake.Attached(var lease))) {
      throw new IOException("crowd: " + attached);
    }
    UpdateManifest manifest = update.manifest();
    ByteBuffer chunk = ByteBuffer.allocate(Limits.CHUNK_SEALED_BYTES);
    try (lease;
        FileChannel spool = FileChannel.open(update.spool(), StandardOpenOption.READ)) {
      for (int i = 0; i < manifest.seal().chunks(); i++) {
        chunk.clear().limit(manifest.chunkBytes(i));
        while (chunk.hasRemaining()) {
          if (spool.read(chunk) < 0) {
            throw new IOException("crowd: the spool of %s ends in chunk %d".formatted(id(), i));
          }
        }
        Intake put = lease.put(i, 0, chunk.flip());
        if (!(put instanceof Intake.Progress)) {
          throw new IOException("crowd: " + put);
        }
      }
    }
    return true;
  }

  private boolean report(RoundTask task) throws IOException {
    Findings findings =
        new Findings(
            new RoundId(task.study(), task.round()),
            task.window(),
            task.model().version(),
            new Findings.Counts(List.of(60, 60)),
            Optional.empty(),
            List.of(
                new Findings.Finding(Subject.GLOBAL, Cases.HOLDOUT, Quantity.AUROC, .7, .6, .8)));
    ReleasedReport released = reports.protect(findings, 11);
    ReportDesk.Outcome filed = studies.report(id(), released.body(), released.signature());
    if (!(filed instanceof ReportDesk.Filed)) {
      throw new IOException("crowd: " + filed);
    }
    return true;
  }
}
