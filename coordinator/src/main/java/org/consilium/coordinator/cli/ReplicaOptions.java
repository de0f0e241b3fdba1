package org.consilium.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.coordinator.ReplicaSettings;
import picocli.CommandLine.Option;

/** Options of a coordinator that takes turns with others; a picocli mixin. */
final class ReplicaOptions {
  @Option(
      names = "--store",
      paramLabel = "URL",
      description = {
        "s3://bucket/prefix or file:///folder that several coordinators share, so that one can",
        "go on where another stopped (none: the state folder is all there is)"
      })
  private Optional<String> store = Optional.empty();

  @Option(
      names = "--store-endpoint",
      paramLabel = "URL",
      description = "of an S3 service that is not Amazon's")
  private Optional<String> endpoint = Optional.empty();

  @Option(names = "--store-region", paramLabel = "NAME", description = "(us-east-1)")
  private Optional<String> region = Optional.empty();

  @Option(
      names = "--store-credentials-file",
      paramLabel = "FILE",
      description = "access key and secret key, a line each (as Amazon's tools find them)")
  private Optional<Path> credentialsFile = Optional.empty();

  @Option(
      names = "--store-key-file",
      paramLabel = "FILE",
      description = "32 bytes or more, the same for all: seals studies' keys in the store")
  private Optional<Path> keyFile = Optional.empty();

  @Option(
      names = "--lease-seconds",
      paramLabel = "N",
      description = "how long one leads without a word from it (15)")
  private Optional<Integer> leaseSeconds = Optional.empty();

  ReplicaSettings said() {
    return new ReplicaSettings(store, endpoint, region, credentialsFile, keyFile, leaseSeconds);
  }

  static ReplicaSettings environment() throws CliFailure {
    return new ReplicaSettings(
        ServeCommand.variable("STORE"),
        ServeCommand.variable("STORE_ENDPOINT"),
        ServeCommand.variable("STORE_REGION"),
        ServeCommand.variable("STORE_CREDENTIALS_FILE").map(Path::of),
        ServeCommand.variable("STORE_KEY_FILE").map(Path::of),
        ServeCommand.port("LEASE_SECONDS"));
  }
}
