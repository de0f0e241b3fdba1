package org.consilium.coordinator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.blob.StorePlace;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.coordinator.yaml.YamlText;

/**
 * How a coordinator runs; a value is taken from the command line, else the environment ({@code
 * CONSILIUM_*}), else the configuration file, else the default here.
 *
 * @param state folder of all that must survive a restart
 * @param consortium folder with the certificate towards the issuing authority
 * @param authority {@code host:port} of the issuing authority; empty: as the folder says
 * @param host address to bind; loopback by default
 * @param publicHost name under which sites and people reach this machine; of several that take
 *     turns, all names, with commas
 * @param ports of HTTP, sites and enrolment; 0 for any free one
 * @param database where the journal is
 * @param keepUpdates whether sealed updates and their key outlive their round, for replays
 * @param store behind the state folder, where several machines take turns
 * @param lease how long one leads without a word from it
 */
public record CoordinatorSettings(
    Path state,
    Path consortium,
    Optional<String> authority,
    String host,
    String publicHost,
    Ports ports,
    Database database,
    boolean keepUpdates,
    Optional<StorePlace> store,
    Duration lease) {

  /** The names of {@link #publicHost} without ports: what certificates are made out to. */
  List<String> hosts() {
    return List.of(publicHost.split(",")).stream()
        .map(String::strip)
        .map(host -> host.matches("[^:]+:\\d+") ? host.substring(0, host.indexOf(':')) : host)
        .toList();
  }

  /** Where a program on this machine reaches {@link #host}, as it stands in a URL (RFC 3986). */
  String reachable() {
    if (host.equals("0.0.0.0") || host.equals("::")) {
      return "127.0.0.1";
    }
    return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
  }

  /** The three ports. */
  public record Ports(int http, int grpc, int enrolment) {
    public Ports {
      for (int port : new int[] {http, grpc, enrolment}) {
        if (port < 0 || port > 65_535) {
          throw new IllegalArgumentException("port must be 0-65535, got " + port);
        }
      }
    }
  }

  /**
   * Where the journal is.
   *
   * @param url empty for an H2 file in the state folder
   * @param passwordFile one line
   */
  public record Database(Optional<String> url, String user, Optional<Path> passwordFile) {}

  /** The same with empty places: what one source says. */
  public record Partial(
      Optional<Path> consortium,
      Optional<String> host,
      Optional<String> publicHost,
      Optional<Integer> httpPort,
      Optional<Integer> grpcPort,
      Optional<Integer> enrolmentPort,
      Optional<String> databaseUrl,
      Optional<String> databaseUser,
      Optional<Path> databasePasswordFile,
      Optional<String> authority,
      Optional<Boolean> keepUpdates,
      ReplicaSettings replica) {

    /** Fills the empty places from {@code weaker}. */
    public Partial or(Partial weaker) {
      return new Partial(
          consortium.or(weaker::consortium),
          host.or(weaker::host),
          publicHost.or(weaker::publicHost),
          httpPort.or(weaker::httpPort),
          grpcPort.or(weaker::grpcPort),
          enrolmentPort.or(weaker::enrolmentPort),
          databaseUrl.or(weaker::databaseUrl),
          databaseUser.or(weaker::databaseUser),
          databasePasswordFile.or(weaker::databasePasswordFile),
          authority.or(weaker::authority),
          keepUpdates.or(weaker::keepUpdates),
          replica.or(weaker.replica()));
    }
  }

  /** The settings for a state folder; what no source says has its default. */
  public static CoordinatorSettings of(Path state, Partial said) {
    return new CoordinatorSettings(
        state,
        said.consortium().orElse(state.resolve("consortium")),
        said.authority(),
        said.host().orElse("127.0.0.1"),
        said.publicHost().orElse("localhost"),
        new Ports(
            said.httpPort().orElse(8080),
            said.grpcPort().orElse(8443),
            said.enrolmentPort().orElse(8444)),
        new Database(
            said.databaseUrl(), said.databaseUser().orElse("sa"), said.databasePasswordFile()),
        said.keepUpdates().orElse(false),
        said.replica().place(),
        said.replica().lease());
  }

  /** What a configuration file says. */
  public static Partial read(Path file) throws YamlRefused, IOException {
    YamlText text = new YamlText();
    YamlMap root = text.root(Files.readString(file, StandardCharsets.UTF_8));
    YamlMap http = root.optionalMap("http");
    YamlMap grpc = root.optionalMap("grpc");
    YamlMap database = root.optionalMap("database");
    Partial said =
        new Partial(
            text(root, "consortium").map(Path::of),
            text(root, "host"),
            text(root, "publicHost"),
            port(http, "port"),
            port(grpc, "port"),
            port(grpc, "enrolmentPort"),
            text(database, "url"),
            text(database, "user"),
            text(database, "passwordFile").map(Path::of),
            text(root, "authority"),
            root.has("keepUpdates")
                ? Optional.of(root.flag("keepUpdates", false))
                : Optional.empty(),
            ReplicaSettings.read(root));
    http.end();
    grpc.end();
    database.end();
    root.end();
    text.check();
    return said;
  }

  private static Optional<String> text(YamlMap map, String key) {
    return map.has(key) ? Optional.of(map.text(key)) : Optional.empty();
  }

  private static Optional<Integer> port(YamlMap map, String key) {
    return map.has(key) ? Optional.of(map.integer(key)) : Optional.empty();
  }
}
