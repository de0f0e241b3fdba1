package org.consilium.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CoordinatorSettingsTest {
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1",
    "0.0.0.0, 127.0.0.1",
    "::, 127.0.0.1",
    "::1, [::1]",
    "[fd00::7], [fd00::7]",
    "coordinator.example.org, coordinator.example.org"
  })
  void reachable_anyHost_standsInAUrl(String host, String expected) {
    CoordinatorSettings settings = bound(host);

    assertThat(settings.reachable()).isEqualTo(expected);
    assertThat(URI.create("http://" + settings.reachable() + ":8080").getPort()).isEqualTo(8080);
  }

  private static CoordinatorSettings bound(String host) {
    return CoordinatorSettings.of(
        Path.of("state"),
        new CoordinatorSettings.Partial(
            Optional.empty(),
            Optional.of(host),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            ReplicaSettings.NONE));
  }
}
