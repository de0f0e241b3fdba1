package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.aggregate.Aggregator;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Clocks;
import org.consilium.coordinator.study.Retention;
import org.consilium.coordinator.study.Studies;
import org.consilium.coordinator.study.StudyObserver;
import org.consilium.coordinator.study.Surroundings;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.sim.virtual.disk.ProcessDied;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.SeededRandom;
import org.jspecify.annotations.Nullable;

/** One life of the coordinator: its studies, who is connected, and its hold on disk and journal. */
final class CoordinatorProcess implements CrashJournal.Owner, StudyObserver {
  private static final Duration SILENCE_MAX = Duration.ofMinutes(1);

  private final CoordinatorPart machine;
  private final Setting setting;
  private final VirtualDisk.Mount mount;
  private final Presence presence;
  private final boolean first;
  private @Nullable Studies studies;
  private boolean buried;

  CoordinatorProcess(CoordinatorPart machine, VirtualDisk disk) {
    this.machine = machine;
    this.setting = machine.setting();
    this.first = setting.time().nanos() == 0;
    this.mount = disk.mount((operation, path) -> machine.before(this, operation, path));
    this.presence = new Presence(machine.clock(), setting.time()::nanos, SILENCE_MAX);
  }

  void open() throws IOException {
    World world = setting.world();
    studies =
        Studies.stepped(
            new Surroundings(
                mount.path(CoordinatorPart.STATE),
                Optional.empty(),
                machine::usableBytes,
                World.DOMAIN,
                new CrashJournal(machine.database(), setting.faults(), this),
                this::enrolled,
                new Surroundings.Signer(world.signer(), world.signerChain()),
                (_, _) -> world.chain(),
                presence,
                this,
                new Clocks(machine.clock(), setting.time()::nanos),
                new SeededRandom(setting.time().nanos()),
                aggregator(),
                Retention.DROP));
  }

  private Optional<EnrolledSite> enrolled(SiteId site) {
    return Optional.ofNullable(setting.world().members().get(site)).map(World.Member::enrolled);
  }

  private Aggregator aggregator() {
    Aggregator mean = new FixedPointMean(1);
    return Tampering.aggregator(setting.weakness(), mean);
  }

  Studies studies() {
    if (studies == null) {
      throw new IllegalStateException("the process is not open");
    }
    return studies;
  }

  Presence presence() {
    return presence;
  }

  /** Whether it is not the first one. */
  boolean later() {
    return !first;
  }

  @Override
  public boolean dead() {
    return mount.dead();
  }

  @Override
  public ProcessDied die(Fault how) {
    setting.history().say("coordinator", how.word());
    mount.kill();
    return new ProcessDied(how.word());
  }

  /** It ends by itself, as the service does when a study's loop stops. */
  void end() {
    mount.kill();
  }

  boolean buried() {
    return buried;
  }

  void bury() {
    buried = true;
  }

  @Override
  public void committed(List<JournalEntry> entries) {
    entries.forEach(setting.checker()::committed);
  }

  @Override
  public void stopped(StudyId study, Exception cause) {
    if (!mount.dead()) {
      setting.history().say("coordinator", "stops: " + cause.getClass().getSimpleName());
      if (cause instanceof RuntimeException bug) {
        setting
            .history()
            .violated(
                org.consilium.sim.virtual.history.Invariant.BUG,
                "coordinator: %s at %s".formatted(bug, bug.getStackTrace()[0]));
      }
      mount.kill();
    }
  }

  @Override
  public void known(StudyId study, List<SiteId> sites) {}

  @Override
  public void accepted(StudyId study, SiteId site, long bytes) {}

  @Override
  public void refused(StudyId study, SiteId site, Intake.Why why) {}

  @Override
  public void roundEnded(StudyId study, boolean completed, double seconds) {}

  @Override
  public void phase(StudyId study, Phase phase, double seconds) {}

  @Override
  public void modelSent(SiteId site, long bytes) {}

  @Override
  public void updateBytes(SiteId site, long bytes) {}
}
