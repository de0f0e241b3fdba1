package org.consilium.coordinator.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The four verbs that steer. */
final class StudySteering {
  private StudySteering() {}

  private static int post(CommandSpec spec, Server server, String id, String body)
      throws Exception {
    String answer =
        server.post(StudyCommand.path(id) + ":" + spec.name(), "application/json", body);
    Json study = Json.parse(answer);
    String state = study.get("state").text();
    SiteCommand.output(spec, server)
        .answer("study %s is %s%s".formatted(id, state, missing(state, study)), answer);
    return 0;
  }

  /** Who has not said yes, while rounds wait for it. */
  private static String missing(String state, Json study) {
    if (!state.equals("AWAITING_SITES")) {
      return "";
    }
    List<String> sites =
        study.get("sites").items().stream()
            .filter(site -> !site.get("decision").text().equals("ACCEPTED"))
            .map(site -> site.get("site").text())
            .toList();
    return sites.isEmpty()
        ? ""
        : "; it starts by itself when enough of these have approved: " + String.join(", ", sites);
  }

  @Command(name = "start", mixinStandardHelpOptions = true, description = "Lets rounds run.")
  static final class Start implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Override
    public Integer call() throws Exception {
      return post(spec, server, id, "{}");
    }
  }

  @Command(
      name = "pause",
      mixinStandardHelpOptions = true,
      description = "Stops after the step in progress.")
  static final class Pause implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Option(names = "--reason", defaultValue = "by an administrator")
    private String reason = "";

    @Override
    public Integer call() throws Exception {
      return post(spec, server, id, Output.object(Map.of("reason", reason)));
    }
  }

  @Command(name = "resume", mixinStandardHelpOptions = true, description = "Goes on after a pause.")
  static final class Resume implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Override
    public Integer call() throws Exception {
      return post(spec, server, id, "{}");
    }
  }

  @Command(
      name = "stop",
      mixinStandardHelpOptions = true,
      description = "Ends the study for good; its models stay.")
  static final class Stop implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Option(names = "--reason", required = true)
    private String reason = "";

    @Override
    public Integer call() throws Exception {
      return post(spec, server, id, Output.object(Map.of("reason", reason)));
    }
  }
}
