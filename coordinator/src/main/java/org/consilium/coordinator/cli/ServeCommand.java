package org.consilium.coordinator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.coordinator.Coordinator;
import org.consilium.coordinator.CoordinatorSettings;
import org.consilium.coordinator.CoordinatorSettings.Partial;
import org.consilium.coordinator.RolledBack;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.database.LeaseLost;
import org.consilium.protocol.fault.FailPoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coordinator serve}: runs the service until it is told to stop. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the coordinator.",
      "",
      "  consilium coordinator serve --state coordinator --consortium consortium/coordinator",
      ""
    })
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--state",
      paramLabel = "DIR",
      defaultValue = "${env:CONSILIUM_STATE:-consilium-coordinator}",
      description = "all that must survive a restart (${DEFAULT-VALUE})")
  private Path state = Path.of("consilium-coordinator");

  @Option(names = "--config", paramLabel = "FILE", description = "settings in YAML")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--consortium",
      paramLabel = "DIR",
      description = "root and certificate towards the issuing authority (STATE/consortium)")
  private Optional<Path> consortium = Optional.empty();

  @Option(
      names = "--authority",
      paramLabel = "HOST:PORT",
      description = "the issuing authority (as the consortium's folder says)")
  private Optional<String> authority = Optional.empty();

  @Option(names = "--host", description = "address to bind (127.0.0.1)")
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--public-host",
      paramLabel = "NAME",
      description = "name under which sites reach this machine (localhost)")
  private Optional<String> publicHost = Optional.empty();

  @Option(names = "--http-port", paramLabel = "N", description = "REST and pages (8080; 0: any)")
  private Optional<Integer> httpPort = Optional.empty();

  @Option(names = "--grpc-port", paramLabel = "N", description = "enrolled sites (8443; 0: any)")
  private Optional<Integer> grpcPort = Optional.empty();

  @Option(names = "--enrolment-port", paramLabel = "N", description = "newcomers (8444; 0: any)")
  private Optional<Integer> enrolmentPort = Optional.empty();

  @Option(
      names = "--database-url",
      paramLabel = "URL",
      description = "jdbc:postgresql://… (an H2 file in the state folder)")
  private Optional<String> databaseUrl = Optional.empty();

  @Option(names = "--database-user", paramLabel = "NAME")
  private Optional<String> databaseUser = Optional.empty();

  @Option(names = "--database-password-file", paramLabel = "FILE")
  private Optional<Path> databasePasswordFile = Optional.empty();

  @Option(
      names = "--keep-updates",
      description = {
        "keep sealed updates and the key that opens them after their round, so that",
        "consilium study replay can prove it; they are personal data (off)"
      })
  private boolean keepUpdates;

  @Mixin private ReplicaOptions replica = new ReplicaOptions();

  /** {@code coordinator}. */
  @Command(
      name = "coordinator",
      mixinStandardHelpOptions = true,
      description = "The coordinator's service.",
      subcommands = {ServeCommand.class, BackupCommand.class, RestoreCommand.class})
  static final class Noun implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      return CommandLines.needsVerb(spec.commandLine());
    }
  }

  @Override
  public Integer call() throws Exception {
    Partial flags =
        new Partial(
            consortium,
            host,
            publicHost,
            httpPort,
            grpcPort,
            enrolmentPort,
            databaseUrl,
            databaseUser,
            databasePasswordFile,
            authority,
            keepUpdates ? Optional.of(true) : Optional.empty(),
            replica.said());
    Partial said = flags.or(environment());
    if (config.isPresent()) {
      said = said.or(CoordinatorSettings.read(config.get()));
    }
    CoordinatorSettings settings;
    try {
      settings = CoordinatorSettings.of(state, said);
      var _ = FailPoint.warning();
    } catch (IllegalArgumentException illegal) {
      throw new CliFailure(
          CliFailure.Exit.USAGE,
          "CS-USAGE-001",
          String.valueOf(illegal.getMessage()),
          "consilium coordinator serve --help");
    }
    try (Coordinator running = start(settings)) {
      Stopping.closesOnSignal(Output.of(spec.commandLine(), false), running::close);
      Optional<LeaseLost> lost = running.awaitFailure();
      if (lost.isPresent()) {
        halt(lost.get());
      }
    }
    return CliFailure.Exit.FAILED.number();
  }

  private static Coordinator start(CoordinatorSettings settings) throws IOException, CliFailure {
    try {
      return Coordinator.start(settings, InstantSource.system(), new SecureRandom());
    } catch (RolledBack old) {
      throw new CliFailure(
          CliFailure.Exit.FAILED,
          "CS-AUDIT-006",
          String.valueOf(old.getMessage()),
          "docs/operating/backup.md says what to do");
    } catch (StoreRefused refused) {
      throw new CliFailure(
          CliFailure.Exit.FAILED,
          refused.why().code(),
          String.valueOf(refused.getMessage()),
          refused.why().hint());
    }
  }

  /**
   * Ends at once, as a killed process does: whatever this one still did could only be in its
   * successor's way, and what it waits for may never answer.
   */
  private static void halt(LeaseLost lost) {
    Output output =
        new Output(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            false);
    output.failure(
        new CliFailure(
            CliFailure.Exit.SUCCEEDED,
            "CS-LEADER-001",
            String.valueOf(lost.getMessage()),
            "nothing is lost; started again, this one is the standby"));
    Runtime.getRuntime().halt(CliFailure.Exit.SUCCEEDED.number());
  }

  private static Partial environment() throws CliFailure {
    return new Partial(
        variable("CONSORTIUM").map(Path::of),
        variable("HOST"),
        variable("PUBLIC_HOST"),
        port("HTTP_PORT"),
        port("GRPC_PORT"),
        port("ENROLMENT_PORT"),
        variable("DATABASE_URL"),
        variable("DATABASE_USER"),
        variable("DATABASE_PASSWORD_FILE").map(Path::of),
        variable("AUTHORITY"),
        variable("KEEP_UPDATES").map(Boolean::valueOf),
        ReplicaOptions.environment());
  }

  static Optional<Integer> port(String name) throws CliFailure {
    Optional<String> text = variable(name);
    if (text.isPresent() && !text.get().matches("\\d{1,5}")) {
      throw new CliFailure(
          CliFailure.Exit.USAGE, "CS-USAGE-001", "CONSILIUM_" + name + " is not a port", "");
    }
    return text.map(Integer::valueOf);
  }

  static Optional<String> variable(String name) {
    return Optional.ofNullable(System.getenv("CONSILIUM_" + name)).filter(v -> !v.isBlank());
  }
}
