package org.consilium.sim.federation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.CoordinatorApi;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;

/**
 * A study that runs on processes of its own on this machine: one coordinator, a node for each site,
 * mutual TLS, approvals, rounds, and at the end what they leave behind.
 */
public final class Federation implements AutoCloseable {
  private static final int COORDINATOR_HEAP_MIB = 256;
  private static final int SITE_HEAP_MIB = 512;

  /** Often enough for people. */
  public static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final Order order;
  private final LocalConsortium consortium;
  private final Supervisor supervisor;
  private final Timeline timeline;

  /**
   * What is to be run.
   *
   * @param work folder of the consortium; must exist
   * @param study name in the study file
   * @param sites in the order of all results
   * @param rounds of the study
   * @param seed of the sites' rounding secrets, so that one seed gives one model
   * @param longest how long the study may take
   */
  public record Order(
      Path work, String study, List<SiteId> sites, int rounds, long seed, Duration longest) {
    public Order {
      sites = List.copyOf(sites);
    }

    LocalConsortium.Layout layout() {
      return new LocalConsortium.Layout(work, COORDINATOR_HEAP_MIB, SITE_HEAP_MIB);
    }

    /** The folder of a site: its data and its node's state. */
    public Path site(SiteId site) {
      return layout().site(site);
    }
  }

  /** Looked at the study. */
  public interface Look {
    /** Called with the study as it stands; may act on it. */
    void at(StudyView study) throws IOException, InterruptedException;
  }

  /**
   * What a finished study leaves behind.
   *
   * @param end the study at its end
   * @param model file of the best version
   * @param localOnly file of each site's local-only model; may not exist
   * @param lives of all processes
   */
  public record Harvest(
      StudyView end, Path model, List<Path> localOnly, List<Supervisor.Life> lives) {
    public Harvest {
      localOnly = List.copyOf(localOnly);
      lives = List.copyOf(lives);
    }

    /** A file of a site's own in its study's folder; may not exist. */
    public Path own(int site, String name) {
      return localOnly.get(site).resolveSibling(name);
    }
  }

  private Federation(
      Order order, LocalConsortium consortium, Supervisor supervisor, Timeline timeline) {
    this.order = order;
    this.consortium = consortium;
    this.supervisor = supervisor;
    this.timeline = timeline;
  }

  /** Starts the coordinator; it need not answer yet. */
  public static Federation start(
      Order order,
      Installation installation,
      InstantSource clock,
      Supervisor supervisor,
      Timeline timeline)
      throws IOException {
    LocalConsortium consortium =
        LocalConsortium.start(installation, order.layout(), clock, supervisor);
    return new Federation(order, consortium, supervisor, timeline);
  }

  /** Waits for the coordinator and lets all sites join. */
  public void join() throws IOException, InterruptedException {
    CoordinatorApi _ = consortium.await();
    for (SiteId id : order.sites) {
      consortium.placeRoundingSecret(id, order.seed);
    }
    consortium.join(order.sites);
    timeline.add("study", order.study, "%d sites have joined".formatted(order.sites.size()));
  }

  /** Starts a site's node with the arguments that name its data. */
  public void serve(SiteId site, List<String> data) throws IOException {
    consortium.serve(site, data);
  }

  /** Gives the coordinator a file that studies may start from. */
  public void offer(Path foundation) throws IOException {
    consortium.offer(foundation);
  }

  /** Proposes the study, has every hospital approve its digest, and starts it. */
  public void begin(String yaml) throws IOException, InterruptedException {
    consortium.approveStudy(order.study, consortium.create(yaml), order.sites);
    consortium.startStudy(order.study);
    timeline.add("study", order.study, "started");
  }

  /**
   * Shows the study until it is over.
   *
   * @param every how often it is looked at
   */
  public StudyView watch(Screen screen, Duration every, Look look)
      throws IOException, InterruptedException {
    String page = consortium.api().base() + "/studies/" + order.study;
    Screen.Heading heading = new Screen.Heading(order.study, order.rounds, page);
    double limit = timeline.now() + order.longest.toSeconds();
    List<String> alarmed = new ArrayList<>();
    while (true) {
      StudyView view = consortium.study(order.study);
      screen.show(view, heading, timeline.now());
      for (StudyView.Site site : view.sites()) {
        if (site.firstAlarmWindow() > 0 && !alarmed.contains(site.id())) {
          alarmed.add(site.id());
          timeline.add(
              "drift", site.id(), "first alarm in window %d".formatted(site.firstAlarmWindow()));
        }
      }
      view.failIfRefused(order.study);
      if (view.over()) {
        screen.leave();
        timeline.add("study", order.study, view.state() + " " + view.detail());
        return view;
      }
      if (timeline.now() > limit) {
        throw new IOException(
            "study %s is %s in round %d after %s"
                .formatted(order.study, view.state(), view.round(), order.longest));
      }
      consortium.failIfGivenUp();
      look.at(view);
      Pause.of(every);
    }
  }

  /**
   * Fetches the best model as {@code model.safetensors} and its card, stops all processes, and
   * copies each site's ledger.
   *
   * @param card name of the card's file
   */
  public Harvest collect(StudyView end, Path out, String card)
      throws IOException, InterruptedException {
    if (!end.state().equals("COMPLETED")) {
      throw new IOException(
          "study %s: %s %s; with --keep the nodes' logs stay in the work folder"
              .formatted(order.study, end.state(), end.detail()));
    }
    if (end.best().isEmpty()) {
      throw new IOException(
          "study %s completed, but no site released a score that could choose a model: fewer cases of a class in each hold-out than privacy.smallCell"
              .formatted(order.study));
    }
    Path model = out.resolve("model.safetensors");
    String path = "/api/v1/studies/" + order.study + "/models/best/";
    consortium.api().download(path + "file", model);
    consortium.api().download(path + "card", out.resolve(card));
    timeline.closing();
    List<Supervisor.Life> lives = supervisor.lives();
    supervisor.stop(order.sites.stream().map(SiteId::value).toList());
    supervisor.stop(List.of(LocalConsortium.COORDINATOR));
    List<Path> localOnly = new ArrayList<>();
    for (SiteId site : order.sites) {
      Path state = order.layout().siteState(site);
      Path study = state.resolve("studies").resolve(order.study);
      localOnly.add(study.resolve("local-only.safetensors"));
      Files.copy(
          state.resolve("ledger.jsonl"),
          out.resolve("ledger-" + site + ".jsonl"),
          StandardCopyOption.REPLACE_EXISTING);
    }
    return new Harvest(end, model, localOnly, lives);
  }

  @Override
  public void close() {
    consortium.close();
  }
}
