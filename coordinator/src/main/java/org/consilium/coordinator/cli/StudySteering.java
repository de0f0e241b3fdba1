package org.consilium.coordinator.cli;

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
    SiteCommand.output(spec, server)
        .answer("study %s is %s".formatted(id, study.get("state").text()), answer);
    return 0;
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
