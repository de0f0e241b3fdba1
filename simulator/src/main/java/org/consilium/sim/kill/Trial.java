package org.consilium.sim.kill;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.ProcessEvent;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.SyntheticStudy;

/**
 * One study of a synthetic model between real processes, from founding the consortium to the
 * evidence. Every trial of the same size ends with the same bytes, in whatever folder and whoever
 * is killed: sites, seeds and the secrets that round are the same, and every round has all sites.
 *
 * @param folder new folder of everything
 * @param mode masked or sealed
 * @param sites 3-32
 * @param parameters of the model
 * @param rounds of the study
 * @param most longest time from the study's start to its end
 * @param coordinatorHeapMiB Java heap of the coordinator
 */
public record Trial(
    Path folder,
    String mode,
    int sites,
    long parameters,
    int rounds,
    Duration most,
    int coordinatorHeapMiB) {
  /** Name of the study. */
  public static final String STUDY = "killed";

  private static final int HEAP_MIB = 192;
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  /** With as much Java heap as the coordinator of a benchmark has. */
  public Trial(Path folder, String mode, int sites, long parameters, int rounds, Duration most) {
    this(folder, mode, sites, parameters, rounds, most, HEAP_MIB);
  }

  /** Does harm while a study runs. */
  @FunctionalInterface
  public interface Disturbance {
    /** Nobody is killed, or they do it themselves. */
    Disturbance NONE = _ -> {};

    /** Called once when the sites have joined and none of their nodes runs yet. */
    default void prepare(Scene scene) throws IOException {}

    /** Called once when the study has been started; returns when no more harm is done. */
    void disturb(Scene scene) throws IOException, InterruptedException;
  }

  /**
   * What a disturbance may look at and kill.
   *
   * @param trial what is run
   * @param layout where
   * @param consortium the services
   * @param supervisor starts again whoever dies
   */
  public record Scene(
      Trial trial,
      LocalConsortium.Layout layout,
      LocalConsortium consortium,
      Supervisor supervisor) {
    /** The study as it stands; waits while the coordinator is dead. */
    public StudyView study() throws IOException, InterruptedException {
      consortium.failIfGivenUp();
      return consortium.study(STUDY);
    }
  }

  /** The sites' names. */
  public List<SiteId> ids() {
    return IntStream.rangeClosed(1, sites)
        .mapToObj(i -> new SiteId("site-%02d".formatted(i)))
        .toList();
  }

  /**
   * Runs it.
   *
   * @param events told of every start and end of a process, on the watching thread
   * @throws IOException if the study does not complete in time
   */
  public Evidence run(
      Installation installation,
      InstantSource clock,
      Disturbance disturbance,
      Consumer<ProcessEvent> events)
      throws IOException, InterruptedException {
    LocalConsortium.Layout layout =
        new LocalConsortium.Layout(folder.toAbsolutePath(), coordinatorHeapMiB, HEAP_MIB);
    List<ProcessEvent> seen = new ArrayList<>();
    try (Supervisor supervisor =
        new Supervisor(
            clock,
            event -> {
              synchronized (seen) {
                seen.add(event);
              }
              events.accept(event);
            })) {
      supervisor.stopWithThisProcess();
      try (LocalConsortium consortium =
          LocalConsortium.start(installation, layout, clock, supervisor)) {
        var _ = consortium.await();
        for (SiteId site : ids()) {
          consortium.placeRoundingSecret(site, 1);
        }
        consortium.join(ids());
        Scene scene = new Scene(this, layout, consortium, supervisor);
        disturbance.prepare(scene);
        for (SiteId site : ids()) {
          consortium.serve(site, List.of("--data", "synthetic:1000"));
        }
        consortium.approveStudy(STUDY, consortium.create(yaml()), ids());
        consortium.startStudy(STUDY);
        Instant began = clock.instant();
        disturbance.disturb(scene);
        StudyView end = ended(consortium, clock, began.plus(most));
        Duration took = Duration.between(began, clock.instant());
        supervisor.stop(List.of(LocalConsortium.COORDINATOR));
        synchronized (seen) {
          return Evidence.of(this, layout, end, took, List.copyOf(seen), clock);
        }
      }
    }
  }

  private StudyView ended(LocalConsortium consortium, InstantSource clock, Instant until)
      throws IOException, InterruptedException {
    while (true) {
      consortium.failIfGivenUp();
      try {
        StudyView view = consortium.study(STUDY);
        if (view.state().equals("COMPLETED")) {
          return view;
        }
        if (view.over() || clock.instant().isAfter(until)) {
          throw new Unfinished(
              "study %s: %s %s in round %d of %d"
                  .formatted(STUDY, view.state(), view.detail(), view.round(), rounds));
        }
      } catch (Unfinished end) {
        throw end;
      } catch (IOException silent) {
        // A coordinator that dies again and again is silent for long.
        if (clock.instant().isAfter(until)) {
          throw silent;
        }
      }
      Pause.of(LOOK_EVERY);
    }
  }

  /** The study will not complete, or not in time. */
  private static final class Unfinished extends IOException {
    private static final long serialVersionUID = 1L;

    Unfinished(String message) {
      super(message);
    }
  }

  private String yaml() {
    return new SyntheticStudy(
            STUDY,
            "Rounds in which processes die",
            parameters,
            rounds,
            mode,
            Encoding.FULL,
            ids(),
            "5m",
            1)
        .yaml();
  }
}
