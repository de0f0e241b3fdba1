package org.consilium.sim.crowd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.PeakMemory;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.protect.SiteIdentity;

/**
 * Runs a study of a whole crowd in this process: everything is the real path but training, which is
 * a seeded change of every parameter made as it is read, and the network, which is method calls.
 * Each site's spool is removed once it was taken in, so memory and disk are those of a coordinator
 * and of a few sites.
 */
public final class Crowd {
  private static final StudyId STUDY = new StudyId("crowd");
  private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

  /** What the process had used when a round was over. */
  private record Mark(double cpuSeconds, OptionalLong peakRssKib) {
    static Mark now() {
      Duration used = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
      return new Mark(used.toMillis() / 1e3, PeakMemory.kibOfThisProcess());
    }
  }

  /** How long nothing may happen: nothing here waits for anybody. */
  private static final Duration STUCK = Duration.ofMinutes(10);

  private final CrowdOrder order;
  private final InstantSource wall;
  private final LongSupplier nanos;
  private final Consumer<String> told;
  private final Times times;
  private final List<Mark> marks = new ArrayList<>(); // one before all rounds, one after each

  /**
   * A crowd that has not begun.
   *
   * @param nanos monotonic nanoseconds
   * @param told a line a round, for people
   */
  public Crowd(CrowdOrder order, InstantSource wall, LongSupplier nanos, Consumer<String> told) {
    this.order = order;
    this.wall = wall;
    this.nanos = nanos;
    this.told = told;
    this.times = new Times(nanos);
  }

  /**
   * Runs the whole study.
   *
   * @throws IOException if any step of any site is refused, or the disk fails
   */
  public CrowdResult run() throws IOException, InterruptedException {
    long begun = nanos.getAsLong();
    Watch watch = new Watch(times);
    try (Network network = Network.found(order, watch, wall, nanos)) {
      StudyPlan plan = plan(network.sites().stream().map(SiteIdentity::site).toList());
      CohortSource cohort = new CohortSpec("synthetic:1000", Optional.empty()).open();
      Path spools = Files.createDirectories(order.folder().resolve("sites"));
      List<VirtualSite> sites = new ArrayList<>();
      for (SiteIdentity self : network.sites()) {
        sites.add(new VirtualSite(self, network, times, spools, cohort));
      }
      StudySnapshot _ = network.studies().create(PlanCodec.encode(plan));
      try (ExecutorService pool = Executors.newFixedThreadPool(order.threads())) {
        Pass pass = new Pass(plan, sites, pool, order.threads(), watch);
        boolean _ = pass.over(0); // each hospital says yes
        double setup = (nanos.getAsLong() - begun) / 1e9;
        boolean _ = marks.add(Mark.now());
        StudySnapshot _ = network.studies().start(STUDY);
        StudySnapshot end = rounds(network, pass);
        return result(end, setup);
      }
    } catch (StudyRefused refused) {
      throw new IOException(refused.getMessage(), refused);
    }
  }

  private StudySnapshot rounds(Network network, Pass pass)
      throws IOException, InterruptedException {
    long moved = nanos.getAsLong();
    int noted = 0;
    while (true) {
      StudySnapshot now = network.studies().find(STUDY).orElseThrow();
      for (StudySnapshot.RoundSummary round : now.rounds()) {
        if (round.closed().isPresent() && round.number() > noted) {
          noted = round.number();
          marks.add(Mark.now());
          told.accept(
              "round %d of %d: %s, %d updates, %.1f s"
                  .formatted(
                      noted,
                      order.rounds(),
                      round.outcome(),
                      round.updates().size(),
                      seconds(round.opened(), round.closed().get())));
        }
      }
      if (now.state() == StudySnapshot.State.COMPLETED) {
        return now;
      }
      if (now.state() == StudySnapshot.State.FAILED || now.state() == StudySnapshot.State.PAUSED) {
        throw new IOException("crowd: the study is %s: %s".formatted(now.state(), now.detail()));
      }
      if (pass.over(Math.max(1, now.round()))) {
        moved = nanos.getAsLong();
      } else if (nanos.getAsLong() - moved > STUCK.toNanos()) {
        throw new IOException(
            "crowd: nothing happened for %s in round %d: %s"
                .formatted(STUCK, now.round(), now.detail()));
      } else {
        Pause.of(LOOK_AGAIN);
      }
    }
  }

  /** All sites once, a few at a time. */
  private record Pass(
      StudyPlan plan, List<VirtualSite> sites, ExecutorService pool, int threads, Watch watch) {
    /** Whether any of them had something to do. */
    boolean over(int round) throws IOException, InterruptedException {
      AtomicInteger next = new AtomicInteger();
      AtomicBoolean acted = new AtomicBoolean();
      AtomicBoolean failed = new AtomicBoolean();
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(pool.submit(() -> some(next, round, acted, failed)));
      }
      for (Future<?> one : running) {
        try {
          Object _ = one.get();
        } catch (ExecutionException broken) {
          if (broken.getCause() instanceof IOException io) {
            throw io;
          }
          throw new IllegalStateException("a site of the crowd", broken.getCause());
        }
      }
      watch.check();
      return acted.get();
    }

    private boolean some(AtomicInteger next, int round, AtomicBoolean acted, AtomicBoolean failed)
        throws IOException {
      int i = next.getAndIncrement();
      for (; i < sites.size() && !failed.get(); i = next.getAndIncrement()) {
        try {
          if (sites.get(i).act(plan, round)) {
            acted.set(true);
          }
        } catch (IOException | RuntimeException broken) {
          failed.set(true);
          throw broken;
        }
      }
      return true;
    }
  }

  private CrowdResult result(StudySnapshot end, double setup) {
    List<CrowdResult.Round> rounds = new ArrayList<>();
    for (int i = 0; i < end.rounds().size(); i++) {
      StudySnapshot.RoundSummary round = end.rounds().get(i);
      Instant until =
          i + 1 < end.rounds().size()
              ? end.rounds().get(i + 1).opened()
              : round.closed().orElse(round.opened());
      Mark before = marks.get(round.number() - 1);
      Mark mark = marks.get(round.number());
      rounds.add(
          new CrowdResult.Round(
              round.number(),
              round.updates().size(),
              seconds(round.opened(), until),
              times.seconds(round.number()),
              mark.cpuSeconds() - before.cpuSeconds(),
              mark.peakRssKib()));
    }
    long up = end.sites().stream().mapToLong(StudySnapshot.SiteStatus::bytesUp).sum();
    return new CrowdResult(order, setup, rounds, up, end.models().getLast().version());
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1e3;
  }

  private StudyPlan plan(List<SiteId> sites) {
    return new StudyPlan(
        STUDY,
        "A crowd",
        new ModelSpec("synthetic", 1, 8, 8, 1, order.parameters()),
        Optional.empty(),
        new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            8,
            new Training.Optimiser("sgd", 0.01, 0.0, 0, 0, 1),
            new Training.Schedule(1.0, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        Aggregation.FEDAVG,
        new StudyPlan.Protection(order.exposure(), 10, 8, 64, 20, 11),
        new StudyPlan.Participation(sites, sites.size(), Duration.ofHours(12)),
        new StudyPlan.Monitoring("none", 1, 52, 0, "alert"),
        List.of("negative", "positive"),
        "auroc",
        1,
        order.rounds());
  }
}
