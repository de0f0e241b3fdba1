package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.folder.View;
import org.consilium.models.engine.EngineSettings;
import org.consilium.protocol.Limits;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.ledger.privacy.PrivacyCharge;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * How a node runs. Each value comes from the command line, else from {@code CONSILIUM_NODE_…}, else
 * from the configuration file, else from the default.
 *
 * @param cohort local cases
 * @param engine threads and device of training
 * @param protectThreads threads that round, encrypt and hash an update
 * @param metricsPort loopback port of the metrics; 0 is any that is free
 * @param noProgress how long nothing may move before a transfer is put off
 * @param checkpointEvery shortest time between two writings of a long training's progress
 * @param privacy whose privacy is spent, and where the ledger's counter is
 */
record SiteConfig(
    CohortSpec cohort,
    EngineSettings engine,
    int protectThreads,
    int metricsPort,
    Duration noProgress,
    Duration checkpointEvery,
    Privacy privacy) {
  /**
   * Keys {@code cohort} and {@code privacyWitness}.
   *
   * @param cohort the hospital's name for the patients of these cases
   * @param witness file of the privacy ledger's counter; empty is in the state folder
   */
  record Privacy(String cohort, Optional<Path> witness) {
    Privacy {
      PrivacyCharge.checkCohort(cohort);
    }
  }

  /**
   * Keys of the file; the environment variable of {@code metricsPort} is
   * CONSILIUM_NODE_METRICS_PORT.
   */
  static final List<String> KEYS =
      List.of(
          "data",
          "windows",
          "invert",
          "shrink",
          "tile",
          "colour",
          "threads",
          "device",
          "protectThreads",
          "metricsPort",
          "noProgressSeconds",
          "checkpointSeconds",
          "cohort",
          "privacyWitness");

  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("cohort", PrivacyCharge.ALL_PATIENTS),
          Map.entry("invert", "false"),
          Map.entry("shrink", "1"),
          Map.entry("tile", "64"),
          Map.entry("colour", "false"),
          Map.entry("threads", "1"),
          Map.entry("device", "cpu"),
          Map.entry("protectThreads", "1"),
          Map.entry("metricsPort", "9464"),
          Map.entry("noProgressSeconds", Long.toString(Limits.SENDING_LEASE.toSeconds())),
          Map.entry("checkpointSeconds", "60"));

  /**
   * Merges the four sources.
   *
   * @param flags values of the command line, by key
   * @throws IllegalArgumentException if a key is unknown or a value is illegal; names the key
   */
  static SiteConfig of(
      Map<String, String> flags, Map<String, String> environment, Optional<Path> file)
      throws IOException {
    Map<String, String> merged = new HashMap<>(DEFAULTS);
    if (file.isPresent()) {
      merged.putAll(read(file.get()));
    }
    for (String key : KEYS) {
      String value = environment.get(variable(key));
      if (value != null) {
        merged.put(key, value);
      }
    }
    merged.putAll(flags);
    String data = merged.getOrDefault("data", "");
    if (data.isBlank()) {
      throw new IllegalArgumentException(
          "data: no local cases were named; use --data FILE.npz, %s or the configuration file"
              .formatted(variable("data")));
    }
    return new SiteConfig(
        new CohortSpec(data, path(merged, "windows"), cutting(merged)),
        new EngineSettings(number(merged, "threads", 1, 1024), merged.getOrDefault("device", "")),
        number(merged, "protectThreads", 1, 64),
        number(merged, "metricsPort", 0, 65_535),
        Duration.ofSeconds(number(merged, "noProgressSeconds", 1, 86_400)),
        Duration.ofSeconds(number(merged, "checkpointSeconds", 0, 86_400)),
        new Privacy(merged.getOrDefault("cohort", ""), path(merged, "privacyWitness")));
  }

  private static Optional<Path> path(Map<String, String> values, String key) {
    String text = values.getOrDefault(key, "");
    return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text));
  }

  /** Of folders with masks. */
  static CohortSpec.Cutting cutting(Map<String, String> values) {
    View view = new View(flag(values, "invert"), number(values, "shrink", 1, View.SHRINK_MAX));
    return new CohortSpec.Cutting(
        view, number(values, "tile", 8, 1024), flag(values, "colour") ? 3 : 1);
  }

  static String variable(String key) {
    return "CONSILIUM_NODE_" + key.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
  }

  private static Map<String, String> read(Path file) throws IOException {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    Object loaded;
    try {
      loaded = new Yaml(new SafeConstructor(options)).load(Files.readString(file));
    } catch (YAMLException notYaml) {
      throw new IllegalArgumentException(
          "%s is not YAML: %s"
              .formatted(
                  file.getFileName(), Limits.printable(String.valueOf(notYaml.getMessage()))),
          notYaml);
    }
    Map<String, String> values = new HashMap<>();
    if (loaded instanceof Map<?, ?> map) {
      map.forEach((key, value) -> values.put(String.valueOf(key), String.valueOf(value)));
    }
    for (String key : values.keySet()) {
      if (!KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "%s: unknown key %s; known are %s"
                .formatted(file.getFileName(), Limits.printable(key), KEYS));
      }
    }
    return values;
  }

  private static boolean flag(Map<String, String> values, String key) {
    return switch (values.getOrDefault(key, "")) {
      case "true" -> true;
      case "false" -> false;
      case String other ->
          throw new IllegalArgumentException(
              "%s must be true or false, got %s".formatted(key, Limits.printable(other)));
    };
  }

  private static int number(Map<String, String> values, String key, int least, int most) {
    String text = values.getOrDefault(key, "");
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException notNumber) {
      // said below, with the range
    }
    throw new IllegalArgumentException(
        "%s must be %d-%d, got %s".formatted(key, least, most, Limits.printable(text)));
  }
}
