package org.consilium.coordinator;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.consilium.coordinator.blob.StorePlace;
import org.consilium.coordinator.yaml.YamlMap;

/**
 * What one source says of a coordinator on several machines; all of it may be left out.
 *
 * @param store {@code s3://bucket/prefix} or {@code file:///folder}
 * @param leaseSeconds how long a leader leads without a word from it
 */
public record ReplicaSettings(
    Optional<String> store,
    Optional<String> endpoint,
    Optional<String> region,
    Optional<Path> credentialsFile,
    Optional<Path> keyFile,
    Optional<Integer> leaseSeconds) {
  /** Nothing said. */
  public static final ReplicaSettings NONE =
      new ReplicaSettings(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  private static final int LEASE_SECONDS_DEFAULT = 15;
  private static final int LEASE_SECONDS_MIN = 2;
  private static final int LEASE_SECONDS_MAX = 600;

  /** Fills the empty places from {@code weaker}. */
  ReplicaSettings or(ReplicaSettings weaker) {
    return new ReplicaSettings(
        store.or(weaker::store),
        endpoint.or(weaker::endpoint),
        region.or(weaker::region),
        credentialsFile.or(weaker::credentialsFile),
        keyFile.or(weaker::keyFile),
        leaseSeconds.or(weaker::leaseSeconds));
  }

  /** What the configuration file says. */
  static ReplicaSettings read(YamlMap root) {
    YamlMap store = root.optionalMap("store");
    ReplicaSettings said =
        new ReplicaSettings(
            text(store, "url"),
            text(store, "endpoint"),
            text(store, "region"),
            text(store, "credentialsFile").map(Path::of),
            text(store, "keyFile").map(Path::of),
            root.has("leaseSeconds")
                ? Optional.of(root.integer("leaseSeconds"))
                : Optional.empty());
    store.end();
    return said;
  }

  private static Optional<String> text(YamlMap map, String key) {
    return map.has(key) ? Optional.of(map.text(key)) : Optional.empty();
  }

  /** The shared store, if there is one. */
  Optional<StorePlace> place() {
    if (store.isEmpty()) {
      return Optional.empty();
    }
    Path key =
        keyFile.orElseThrow(
            () ->
                new IllegalArgumentException(
                    "a store needs a key file: studies' keys are sealed with it"
                        + " (--store-key-file)"));
    return Optional.of(
        new StorePlace(
            URI.create(store.get()), endpoint.map(URI::create), region, credentialsFile, key));
  }

  Duration lease() {
    int seconds = leaseSeconds.orElse(LEASE_SECONDS_DEFAULT);
    if (seconds < LEASE_SECONDS_MIN || seconds > LEASE_SECONDS_MAX) {
      throw new IllegalArgumentException(
          "lease seconds must be %d-%d, got %d"
              .formatted(LEASE_SECONDS_MIN, LEASE_SECONDS_MAX, seconds));
    }
    return Duration.ofSeconds(seconds);
  }
}
