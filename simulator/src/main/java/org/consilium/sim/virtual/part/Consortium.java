package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.protocol.ModelVersion;
import org.consilium.sim.virtual.Weakness;
import org.consilium.sim.virtual.fault.FaultPlan;
import org.consilium.sim.virtual.fault.Timetable;
import org.consilium.sim.virtual.history.Checker;
import org.consilium.sim.virtual.history.History;
import org.consilium.sim.virtual.history.Invariant;
import org.consilium.sim.virtual.history.Reference;

/** All machines of one run, the people who start and resume its study, and its end. */
public final class Consortium {
  private static final Duration LOOK = Duration.ofSeconds(20);
  private static final Duration ANSWERS = Duration.ofMinutes(3);

  /** Faults go on for so long a round, and this long before the first. */
  private static final Duration FAULTS_A_ROUND = Duration.ofMinutes(4);

  /**
   * T of invariant I9, a round: four deadlines, and a person's look between. Each update that the
   * disk changed may take one more: it is found when the sum is made, and asked for again.
   */
  private static final Duration LIMIT_A_ROUND = World.DEADLINE.multipliedBy(4);

  private final Setting setting;
  private final CoordinatorPart coordinator;
  private final Wire wire;
  private final List<SitePart> sites = new ArrayList<>();
  private boolean created;
  private boolean over;

  private Consortium(Setting setting, CoordinatorPart coordinator) {
    this.setting = setting;
    this.coordinator = coordinator;
    this.wire = new Wire(setting, coordinator);
    for (World.Member member : setting.world().members().values()) {
      sites.add(new SitePart(setting, member, coordinator, wire));
    }
  }

  /** Sets the machines up. */
  public static Consortium of(
      World world,
      Timetable time,
      FaultPlan faults,
      History history,
      SplittableRandom chance,
      Weakness weakness) {
    List<CoordinatorPart> made = new ArrayList<>(1);
    Reference reference = new Reference(world, version -> made.getFirst().modelFile(version));
    Checker checker = new Checker(history, reference);
    Setting setting =
        new Setting(world, time, faults, history, checker, reference, chance, weakness);
    made.add(new CoordinatorPart(setting));
    return new Consortium(setting, made.getFirst());
  }

  /** Runs until the study is over, or should have been. */
  public void run() {
    FaultPlan faults = setting.faults();
    try {
      coordinator.switchOn();
      create();
      faults.start();
      for (SitePart site : sites) {
        site.switchOn();
      }
    } catch (IOException | Unreachable impossible) {
      throw new IllegalStateException("set up a virtual consortium", impossible);
    }
    Duration until = FAULTS_A_ROUND.multipliedBy(1L + setting.world().shape().rounds());
    Disturbance.enter(setting, coordinator, wire, sites, until);
    setting.time().after(until, this::calm);
    setting.time().after(LOOK, this::look);
    while (!over && setting.time().nanos() < limit(until).toNanos()) {
      boolean _ = setting.time().next();
    }
    finish(limit(until));
  }

  private Duration limit(Duration until) {
    return until
        .plus(LIMIT_A_ROUND.multipliedBy(setting.world().shape().rounds()))
        .plus(World.DEADLINE.multipliedBy(coordinator.flips()));
  }

  /** Rounds that made a version. */
  public long published() {
    return setting.checker().published();
  }

  /** Late updates that counted in a later round. */
  public long carried() {
    return setting.checker().carried();
  }

  /** The last version. */
  public Optional<ModelVersion> last() {
    return setting.checker().latest();
  }

  private void create() throws IOException, Unreachable {
    StudySnapshot made =
        coordinator.enter(
            "operator",
            "create",
            studies -> {
              try {
                return studies.create(setting.world().planBytes());
              } catch (StudyRefused impossible) {
                throw new IllegalStateException(impossible);
              }
            });
    created = true;
    ModelVersion initial = made.models().getFirst().version();
    setting.checker().began(initial);
    setting.reference().began(initial);
  }

  private void calm() {
    setting.faults().stop();
    setting.history().say("run", "the faults stop");
  }

  /** A person looks in: starts the study, resumes it when it is paused. */
  private void look() {
    if (over || !created) {
      return;
    }
    setting.time().after(LOOK, this::look);
    try {
      String did = coordinator.enter("operator", "looks in", this::steer);
      over = did.equals("COMPLETED") || did.equals("FAILED");
    } catch (Unreachable later) {
      setting.history().say("operator", "cannot look in");
    }
  }

  private String steer(org.consilium.coordinator.study.Studies studies) throws IOException {
    StudySnapshot now = studies.find(World.STUDY).orElseThrow();
    try {
      return switch (now.state()) {
        case AWAITING_SITES -> answered(now) ? words(studies.start(World.STUDY)) : "waits";
        case PAUSED -> words(studies.resume(World.STUDY));
        case RUNNING, MONITORING, COMPLETED, FAILED -> now.state().name();
      };
    } catch (StudyRefused changed) {
      return "came too late";
    }
  }

  private static String words(StudySnapshot after) {
    return after.state().name();
  }

  private boolean answered(StudySnapshot now) {
    long accepted =
        now.sites().stream().filter(s -> s.decision() == StudySnapshot.Decision.ACCEPTED).count();
    boolean late = setting.time().nanos() > ANSWERS.toNanos();
    return accepted == sites.size()
        || (late && accepted >= setting.world().plan().participation().quorum());
  }

  /** The last look: liveness, the chain, and the journal's own story. */
  private void finish(Duration limit) {
    coordinator.audit();
    if (!over) {
      setting
          .history()
          .violated(
              Invariant.I9,
              "the study is not over %d min after the faults stopped: %d of %d rounds, %s"
                  .formatted(
                      limit.toMinutes(), published(), setting.world().shape().rounds(), stage()));
    }
  }

  private String stage() {
    try {
      Optional<StudyState> state = RoundLoop.replay(World.STUDY, coordinator.database());
      return state
          .map(
              s ->
                  "stage %s, %s, %d attempts abandoned"
                      .formatted(
                          s.stage(),
                          s.current().map(c -> c.getClass().getSimpleName()).orElse("no round"),
                          s.abandoned()))
          .orElse("no study");
    } catch (IOException | IllegalStateException broken) {
      return "a journal that cannot be replayed: " + broken.getMessage();
    }
  }
}
