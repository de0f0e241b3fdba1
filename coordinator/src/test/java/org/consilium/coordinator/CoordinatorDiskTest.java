package org.consilium.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.coordinator.issuing.Founding;
import org.consilium.coordinator.issuing.IssuingAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.PersonKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies on the disk of a coordinator that serves: real rooms, real authority beside it. */
final class CoordinatorDiskTest {
  private static final InstantSource CLOCK = InstantSource.system();

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();

  @Test
  void badInput_14_diskOfARunningCoordinator_holdsNoKeyThatIssues() throws Exception {
    Founding founding = new Founding(CLOCK, random);
    List<PersonKey> persons =
        List.of(
            PersonKey.create("ada", "ada@example.org", random),
            PersonKey.create("ben", "ben@example.org", random));
    Path ca = folder.resolve("ca");
    Path given = folder.resolve("given");
    founding.admitCoordinator(
        founding.found(ca, "example.org", persons, Optional.empty()), given, "127.0.0.1:1");
    Path left = Files.createDirectories(folder.resolve("coordinator")).resolve("backup-7.part");
    Files.writeString(left, "what a kill left of a backup, with every key");
    try (IssuingAuthority authority =
            IssuingAuthority.start(
                new IssuingAuthority.Settings(
                    ca,
                    ca.resolve("state"),
                    Optional.empty(),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    Duration.ofDays(1)),
                CLOCK,
                random);
        Coordinator coordinator =
            Coordinator.start(settings(given, authority.port()), CLOCK, random)) {
      assertThat(coordinator).isNotNull();
      assertThat(left).doesNotExist();
      List<String> kinds = new ArrayList<>();
      for (Credential credential : credentials()) {
        X509Certificate leaf = credential.leaf();
        assertThat(leaf.getBasicConstraints()).as("%s is no CA", credential).isEqualTo(-1);
        kinds.add(SpiffeId.of(leaf).kind().name());
      }
      assertThat(kinds)
          .containsExactlyInAnyOrder("COORDINATOR", "COORDINATOR_SIGNING", "COORDINATOR_RELAY");
      assertThat(privateKeys()).isEqualTo(kinds.size());
    }
    // The issuing key itself is sealed on its own disk.
    assertThat(Files.readString(ca.resolve("issuing.key")))
        .startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  }

  private CoordinatorSettings settings(Path given, int authorityPort) {
    return CoordinatorSettings.of(
        folder.resolve("coordinator"),
        new CoordinatorSettings.Partial(
            Optional.of(given),
            Optional.empty(),
            Optional.empty(),
            Optional.of(0),
            Optional.of(0),
            Optional.of(0),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of("127.0.0.1:" + authorityPort),
            Optional.empty(),
            ReplicaSettings.NONE));
  }

  private List<Path> files() throws Exception {
    try (Stream<Path> state = Files.walk(folder.resolve("coordinator"));
        Stream<Path> given = Files.walk(folder.resolve("given"))) {
      return Stream.concat(state, given).filter(Files::isRegularFile).toList();
    }
  }

  private List<Credential> credentials() throws Exception {
    List<Credential> found = new ArrayList<>();
    for (Path file : files()) {
      String name = String.valueOf(file.getFileName());
      if (name.endsWith(".pem")) {
        found.add(
            Credential.load(file.resolve("..").normalize(), name.substring(0, name.length() - 4)));
      }
    }
    return found;
  }

  /** Private keys in any file, whatever its name. */
  private int privateKeys() throws Exception {
    int found = 0;
    for (Path file : files()) {
      String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
      found += text.split("BEGIN [A-Z ]*PRIVATE KEY", -1).length - 1;
    }
    return found;
  }
}
