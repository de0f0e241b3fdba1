package org.consilium.sim.transfers;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.ProcessEvent;
import org.consilium.sim.process.Supervisor;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;

/**
 * The same study twice: over good lines, and over bad ones that are cut in every round while the
 * coordinator is killed twice and one site once. Everything is real but the training.
 */
public final class TransferRun {
  private static final String STUDY = "transfers";
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  private final Installation installation;
  private final TransferPlan plan;
  private final InstantSource clock;
  private final LongSupplier nanos;
  private final Consumer<String> words;

  /**
   * A run of a plan.
   *
   * @param nanos monotonic time, for the lines
   * @param words told what happens
   */
  public TransferRun(
      Installation installation,
      TransferPlan plan,
      InstantSource clock,
      LongSupplier nanos,
      Consumer<String> words) {
    this.installation = installation;
    this.plan = plan;
    this.clock = clock;
    this.nanos = nanos;
    this.words = words;
  }

  /**
   * Runs both.
   *
   * @param folder of all state; gets a folder for each
   */
  public TransferFigures in(Path folder) throws IOException, InterruptedException {
    words.accept("without faults");
    TransferFigures good = new Study(folder.resolve("good"), false).run(List.of(), List.of());
    words.accept("over bad lines");
    return new Study(folder.resolve("bad"), true).run(good.versions(), good.left());
  }

  /** One of the two. */
  private final class Study {
    private final LocalConsortium.Layout layout;
    private final boolean bad;
    private final List<String> kills = new ArrayList<>();
    private final List<TransferFigures.Crossed> crossed = new ArrayList<>();
    private int[] killsInRound = new int[plan.sites()];
    private int coordinatorKills;
    private boolean siteKilled;
    private int round;

    Study(Path folder, boolean bad) {
      this.layout =
          new LocalConsortium.Layout(
              folder.toAbsolutePath(), plan.coordinatorHeapMiB(), plan.siteHeapMiB());
      this.bad = bad;
    }

    TransferFigures run(List<String> undisturbed, List<TransferFigures.Left> before)
        throws IOException, InterruptedException {
      List<SiteId> ids = plan.ids();
      try (Supervisor supervisor = new Supervisor(clock, TransferRun.this::tell)) {
        supervisor.stopWithThisProcess();
        try (LocalConsortium consortium =
            LocalConsortium.start(installation, layout, clock, supervisor)) {
          var _ = consortium.await();
          for (SiteId id : ids) {
            consortium.placeRoundingSecret(id, plan.seed());
          }
          consortium.join(ids);
          try (BadLines lines = BadLines.open(plan, consortium.grpcPort(), nanos, bad)) {
            for (int i = 0; i < ids.size(); i++) {
              layout.route(ids.get(i), lines.port(i));
              consortium.serve(ids.get(i), List.of("--data", "synthetic:1000"));
            }
            consortium.approveStudy(STUDY, consortium.create(plan.yaml(STUDY)), ids);
            consortium.startStudy(STUDY);
            StudyView end = watch(consortium, supervisor, lines);
            List<TransferFigures.Left> left = new ArrayList<>(before);
            left.addAll(left(lines));
            return figures(end, undisturbed, left);
          }
        }
      }
    }

    private StudyView watch(LocalConsortium consortium, Supervisor supervisor, BadLines lines)
        throws IOException, InterruptedException {
      Instant until = clock.instant().plus(Duration.ofMinutes(plan.minutes()));
      while (true) {
        StudyView view = consortium.study(STUDY);
        if (bad && (view.round() > round || view.over())) {
          turn(view, lines);
        }
        if (view.over()) {
          return view;
        }
        if (bad) {
          disturb(supervisor, lines);
        }
        consortium.failIfGivenUp();
        if (clock.instant().isAfter(until)) {
          throw new IOException(
              "round %d of %d is not over after %d minutes"
                  .formatted(view.round(), plan.rounds(), plan.minutes()));
        }
        Pause.of(LOOK_EVERY);
      }
    }

    /** A round begins, or the last one is over. */
    private void turn(StudyView view, BadLines lines) {
      List<TransferFigures.Crossed> since = lines.look(round, killsInRound);
      if (round > 0) {
        crossed.addAll(since);
        words.accept("round %d of %d is over".formatted(round, plan.rounds()));
      }
      round = view.round();
      killsInRound = new int[plan.sites()];
      if (!view.over()) {
        lines.cutEachOnce();
      }
    }

    /** Kills what is due: each in the middle of somebody's transfer. */
    private void disturb(Supervisor supervisor, BadLines lines) {
      boolean last = round == plan.rounds();
      double sent = lines.up() / (double) (plan.sealedBytes() * plan.sites());
      boolean first = round == 1 && coordinatorKills == 0 && sent > 0.3;
      if (first || (last && coordinatorKills == 1 && sent > 0.5)) {
        coordinatorKills++;
        kill(
            supervisor,
            LocalConsortium.COORDINATOR,
            "%.0f %% of the updates".formatted(100 * sent));
        for (int i = 0; i < killsInRound.length; i++) {
          killsInRound[i]++;
        }
      }
      double got = lines.down(0) / (double) plan.modelBytes();
      // While it fetches its first model; however seldom this looks, it is killed.
      if (round > 0 && !siteKilled && (round > 1 || got > 0.2)) {
        siteKilled = true;
        kill(
            supervisor, plan.ids().getFirst().value(), "%.0f %% of its model".formatted(100 * got));
        killsInRound[0]++;
      }
    }

    private void kill(Supervisor supervisor, String name, String when) {
      var _ = supervisor.kill(name, when);
      String said = "killed %s in round %d after %s".formatted(name, round, when);
      kills.add(said);
      words.accept(said);
    }

    private TransferFigures figures(
        StudyView end, List<String> undisturbed, List<TransferFigures.Left> left)
        throws IOException {
      if (!end.state().equals("COMPLETED")) {
        throw new IOException("study %s: %s %s".formatted(STUDY, end.state(), end.detail()));
      }
      List<String> versions = end.rounds().stream().map(StudyView.Round::version).toList();
      double seconds =
          Duration.between(end.rounds().getFirst().opened(), clock.instant()).toMillis() / 1000.0;
      if (bad && (coordinatorKills < 2 || !siteKilled)) {
        throw new IOException("not everything was killed: " + Arrays.toString(kills.toArray()));
      }
      return new TransferFigures(plan, versions, undisturbed, crossed, left, seconds, kills);
    }

    private List<TransferFigures.Left> left(BadLines lines) throws IOException {
      List<TransferFigures.Left> left = new ArrayList<>();
      for (int i = 0; i < plan.sites(); i++) {
        SiteId id = plan.ids().get(i);
        long entered =
            LedgerFile.read(layout.siteState(id).resolve("ledger.jsonl")).stream()
                .mapToLong(LedgerLine::bytes)
                .sum();
        int cuts =
            crossed.stream()
                .filter(one -> one.site().equals(id.value()))
                .mapToInt(TransferFigures.Crossed::cuts)
                .sum();
        left.add(new TransferFigures.Left(id.value(), lines.sent(i), entered, cuts));
      }
      return left;
    }
  }

  private void tell(ProcessEvent event) {
    if (event instanceof ProcessEvent.GivenUp(String name, _, String why)) {
      words.accept(name + ": " + why);
    }
  }
}
