package org.consilium.coordinator.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.study.StudyFile;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code study}: define, steer, watch, take models home. */
@Command(
    name = "study",
    mixinStandardHelpOptions = true,
    description = "Studies.",
    subcommands = {
      StudyCommand.Validate.class,
      StudyCommand.Create.class,
      StudySteering.Start.class,
      StudySteering.Pause.class,
      StudySteering.Resume.class,
      StudySteering.Stop.class,
      StudyCommand.ListStudies.class,
      StudyCommand.Show.class,
      StudyCommand.Watch.class,
      StudyCommand.Models.class,
      StudyCommand.Export.class,
      ReplayCommand.class
    })
final class StudyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  static String path(String id) {
    return "/api/v1/studies/" + id;
  }

  @Command(
      name = "validate",
      mixinStandardHelpOptions = true,
      description = "Checks a study file; asks no server.")
  static final class Validate implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "-f", required = true, paramLabel = "FILE")
    private Path file = Path.of("study.yaml");

    @Option(names = "--json", description = "print one JSON envelope")
    private boolean json;

    @Override
    public Integer call() throws Exception {
      StudyPlan plan = StudyFile.parse(file);
      Map<String, String> data = new LinkedHashMap<>();
      data.put("study", plan.study().value());
      data.put("digest", Digest.sha256(PlanCodec.encode(plan)).hex());
      data.putAll(PrivacyTable.facts(plan));
      new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), json)
          .answer(
              "%s is well formed: %d rounds, %d sites, quorum %d, deadline %s, digest %s%s"
                  .formatted(
                      plan.study(),
                      plan.rounds(),
                      plan.participation().sites().size(),
                      plan.participation().quorum(),
                      plan.participation().deadline(),
                      data.get("digest"),
                      PrivacyTable.of(plan)),
              Output.object(data));
      return 0;
    }
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = {
        "Proposes a study to its sites.",
        "",
        "  consilium study create -f study.yaml",
        ""
      })
  static final class Create implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Option(names = "-f", required = true, paramLabel = "FILE")
    private Path file = Path.of("study.yaml");

    @Override
    public Integer call() throws Exception {
      String yaml = Files.readString(file, StandardCharsets.UTF_8);
      String answer = server.post("/api/v1/studies", "application/yaml", yaml);
      Json study = Json.parse(answer);
      SiteCommand.output(spec, server)
          .answer(
              "study %s is proposed; digest %s\nnext: each hospital approves it, consilium node approve %s with its node's --state; then: consilium study start %s%s"
                  .formatted(
                      study.get("name").text(),
                      study.get("digest").text(),
                      study.get("name").text(),
                      study.get("name").text(),
                      Server.saidTo(spec.commandLine())),
              answer);
      return 0;
    }
  }

  @Command(name = "list", mixinStandardHelpOptions = true, description = "Every study.")
  static final class ListStudies implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Override
    public Integer call() throws Exception {
      String answer = server.get("/api/v1/studies");
      List<List<String>> rows =
          Json.parse(answer).items().stream()
              .map(
                  s ->
                      List.of(
                          s.get("name").text(),
                          s.get("state").text(),
                          s.get("round").text() + "/" + s.get("rounds").text(),
                          Headline.decimal(s.get("best").get("score")),
                          s.get("detail").text()))
              .toList();
      SiteCommand.output(spec, server)
          .answer(Output.table(List.of("study", "state", "round", "best", "detail"), rows), answer);
      return 0;
    }
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "One study, centre by centre.")
  static final class Show implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Override
    public Integer call() throws Exception {
      String answer = server.get(path(id));
      Json study = Json.parse(answer);
      List<List<String>> rows =
          study.get("sites").items().stream()
              .map(
                  s ->
                      List.of(
                          s.get("site").text(),
                          s.get("decision").text(),
                          s.get("connected").text().equals("true")
                              ? s.get("phase").text()
                              : "offline",
                          Headline.decimal(s.get("global").get("value")),
                          Headline.decimal(s.get("localOnly").get("value")),
                          Headline.decimal(s.get("personal").get("value")),
                          kept(s.get("kept").text()),
                          s.get("drift").text(),
                          s.get("remark").text()))
              .toList();
      SiteCommand.output(spec, server)
          .answer(
              Headline.of(study)
                  + "\n"
                  + Output.table(
                      List.of(
                          "site",
                          "decision",
                          "now",
                          "global",
                          "local-only",
                          "personal",
                          "kept",
                          "drift",
                          "last update"),
                      rows),
              answer);
      return 0;
    }

    private static String kept(String subject) {
      return subject.isEmpty() || subject.equals("null")
          ? "–"
          : subject.toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Command(
      name = "watch",
      mixinStandardHelpOptions = true,
      description = {
        "Prints every change until the study ends, or is paused and waits for a person (exit 6).",
        "",
        "  consilium study watch cxr-pneumonia",
        "  consilium study watch cxr-pneumonia --stay",
        ""
      })
  static final class Watch implements Callable<Integer> {
    private static final Duration PACE = Duration.ofSeconds(1);

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Option(names = "--jsonl", description = "one JSON object a change")
    private boolean jsonl;

    @Option(names = "--stay", description = "go on watching while it is paused")
    private boolean stay;

    @Override
    public Integer call() throws Exception {
      Output output = SiteCommand.output(spec, server);
      CountDownLatch never = new CountDownLatch(1);
      String last = "";
      while (true) {
        Json study = Json.parse(server.get(path(id)));
        String line = Headline.of(study);
        String state = study.get("state").text();
        boolean waits = state.equals("PAUSED") && !stay;
        boolean over = waits || state.equals("COMPLETED") || state.equals("FAILED");
        if (!line.equals(last)) {
          output.line(jsonl ? event(study, over) : line);
          last = line;
        }
        if (waits) {
          throw paused(study);
        }
        if (over) {
          return state.equals("COMPLETED") ? 0 : 1;
        }
        never.await(PACE.toMillis(), TimeUnit.MILLISECONDS);
      }
    }

    private CliFailure paused(Json study) {
      String why = study.get("detail").text();
      return new CliFailure(
          CliFailure.Exit.NOT_FOUND_OR_CONFLICT,
          "CS-STUDY-011",
          "study %s is paused and waits for a person%s"
              .formatted(id, why.isEmpty() ? "" : ": " + why),
          "consilium study resume %s; --stay goes on watching".formatted(id));
    }

    private static String event(Json study, boolean over) {
      String best = study.get("best").get("score").text();
      return "{\"study\":\"%s\",\"state\":\"%s\",\"round\":%s,\"window\":%s,\"best\":%s,\"terminal\":%s}"
          .formatted(
              study.get("name").text(),
              study.get("state").text(),
              study.get("round").text(),
              study.get("window").text(),
              best.isEmpty() ? "null" : best,
              over);
    }
  }

  @Command(
      name = "models",
      mixinStandardHelpOptions = true,
      description = "The published model versions of a study.")
  static final class Models implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Override
    public Integer call() throws Exception {
      String answer = server.get(path(id) + "/models");
      List<List<String>> rows =
          Json.parse(answer).items().stream()
              .map(
                  m ->
                      List.of(
                          m.get("round").text(),
                          m.get("version").text(),
                          m.get("bytes").text(),
                          Headline.decimal(m.get("score")),
                          m.get("published").text()))
              .toList();
      SiteCommand.output(spec, server)
          .answer(
              Output.table(List.of("round", "version", "bytes", "score", "published"), rows),
              answer);
      return 0;
    }
  }

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = {
        "Writes model.safetensors and MODEL_CARD.md of one version.",
        "",
        "  consilium study export cxr-pneumonia --round best -o release",
        ""
      })
  static final class Export implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Option(names = "--round", defaultValue = "best", description = "best, last or a number")
    private String round = "best";

    @Option(names = "-o", required = true, paramLabel = "DIR")
    private Path folder = Path.of(".");

    @Override
    public Integer call() throws Exception {
      String version = path(id) + "/models/" + round;
      Json model = Json.parse(server.get(version));
      String card = server.get(version + "/card");
      Files.createDirectories(folder);
      Path file = folder.resolve("model.safetensors");
      server.download(version + "/file", file);
      Files.writeString(folder.resolve("MODEL_CARD.md"), card);
      String digest = Digest.sha256(file).hex();
      // A version that holds trained tensors alone is exported as a whole model made of it.
      boolean itself = Files.size(file) == (long) model.get("bytes").number();
      if (itself && !digest.equals(model.get("version").text())) {
        throw new CliFailure(
            CliFailure.Exit.FAILED,
            "CS-MODEL-001",
            "%s has digest %s, the server said %s"
                .formatted(file, digest, model.get("version").text()),
            "export again");
      }
      Map<String, String> data = new LinkedHashMap<>();
      data.put("folder", folder.toString());
      data.put("round", model.get("round").text());
      data.put("sha256", digest);
      SiteCommand.output(spec, server)
          .answer(
              "round %s in %s, SHA-256 %s".formatted(model.get("round").text(), folder, digest),
              Output.object(data));
      return 0;
    }
  }
}
