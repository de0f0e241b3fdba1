package org.consilium.sim.rehearsal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Removal;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.SyntheticStudy;

/**
 * Runs a masked study of three sites with the recorder of Java's ahead-of-time cache on in the
 * coordinator and one site. Each writes its cache when it ends, and the caches take the place of
 * older ones beside the jars.
 */
public final class Rehearsal {
  private static final String STUDY = "rehearsal";
  private static final SiteId RECORDED = new SiteId("first");
  private static final List<SiteId> SITES =
      List.of(RECORDED, new SiteId("second"), new SiteId("third"));
  private static final List<String> MODULES = List.of("coordinator", "site-node");
  private static final long PARAMETERS = 2_000_000;
  private static final int ROUNDS = 5;
  private static final int COORDINATOR_HEAP_MIB = 192;
  private static final int SITE_HEAP_MIB = 256;
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final Duration STUDY_MAX = Duration.ofMinutes(5);

  /** A cache is put together when its process ends. */
  private static final Duration STOP_MAX = Duration.ofMinutes(2);

  private final Installation installation;
  private final InstantSource clock;

  public Rehearsal(Installation installation, InstantSource clock) {
    this.installation = installation;
    this.clock = clock;
  }

  /**
   * Rehearses.
   *
   * @return the caches made
   * @throws IOException if the study does not end well or a cache was not written; what there was
   *     before is gone then
   */
  public List<Path> run() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("consilium-rehearsal-");
    try {
      for (String module : MODULES) {
        Files.deleteIfExists(installation.startCache(module));
      }
      study(folder);
      return keep(folder);
    } finally {
      Removal.of(folder);
    }
  }

  private void study(Path folder) throws IOException, InterruptedException {
    LocalConsortium.Layout layout =
        new LocalConsortium.Layout(
            folder.resolve("consortium"), COORDINATOR_HEAP_MIB, SITE_HEAP_MIB);
    Installation recorded = installation.with((module, words) -> recorder(folder, module, words));
    try (Supervisor supervisor = new Supervisor(clock, STOP_MAX, _ -> {})) {
      supervisor.stopWithThisProcess();
      try (LocalConsortium consortium =
          LocalConsortium.start(recorded, layout, clock, supervisor)) {
        var _ = consortium.await();
        consortium.join(SITES);
        for (SiteId site : SITES) {
          consortium.serve(site, List.of("--data", "synthetic:1000"));
        }
        consortium.approveStudy(STUDY, consortium.create(yaml()), SITES);
        consortium.startStudy(STUDY);
        await(consortium);
      }
    }
  }

  /** The coordinator's and the first site's. */
  private static List<String> recorder(Path folder, String module, List<String> words) {
    boolean wanted =
        module.equals("coordinator")
            || words.stream()
                .anyMatch(word -> Path.of(word).endsWith(Path.of(RECORDED.value(), "state")));
    return wanted ? List.of("-XX:AOTCacheOutput=" + made(folder, module)) : List.of();
  }

  private void await(LocalConsortium consortium) throws IOException, InterruptedException {
    Instant until = clock.instant().plus(STUDY_MAX);
    while (true) {
      StudyView view = consortium.study(STUDY);
      if (view.over()) {
        if (!view.state().equals("COMPLETED")) {
          throw new IOException("study %s: %s %s".formatted(STUDY, view.state(), view.detail()));
        }
        return;
      }
      consortium.failIfGivenUp();
      if (clock.instant().isAfter(until)) {
        throw new IOException(
            "study %s: round %d of %d is not over after %s"
                .formatted(STUDY, view.round(), ROUNDS, STUDY_MAX));
      }
      Pause.of(LOOK_EVERY);
    }
  }

  private List<Path> keep(Path folder) throws IOException {
    for (String module : MODULES) {
      if (!Files.isRegularFile(made(folder, module))) {
        throw new IOException(
            "keep the cache of %s: this Java wrote none (%s)"
                .formatted(module, installation.java()));
      }
    }
    for (String module : MODULES) {
      Path cache = installation.startCache(module);
      Path beside = cache.resolveSibling(cache.getFileName() + ".new");
      Files.copy(made(folder, module), beside, StandardCopyOption.REPLACE_EXISTING);
      Files.move(beside, cache, StandardCopyOption.ATOMIC_MOVE);
    }
    return MODULES.stream().map(installation::startCache).toList();
  }

  private static Path made(Path folder, String module) {
    return folder.resolve(module + ".aot");
  }

  private static String yaml() {
    return new SyntheticStudy(
            STUDY, "A rehearsal", PARAMETERS, ROUNDS, "masked", Encoding.FULL, SITES, "10m", 1)
        .yaml();
  }
}
