package org.consilium.coordinator.yaml;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.protocol.Limits;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * One mapping of a YAML document. A getter notes a problem and gives its fallback when the value is
 * missing or of the wrong type; {@link #end} notes the keys that no getter asked for.
 */
public final class YamlMap {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private final YamlText text;
  private final String path;
  private final MappingNode node;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final Map<String, Node> keys = new LinkedHashMap<>();
  private final Set<String> asked = new LinkedHashSet<>();

  YamlMap(YamlText text, String path, MappingNode node) {
    this.text = text;
    this.path = path;
    this.node = node;
    for (NodeTuple entry : node.getValue()) {
      if (!(entry.getKeyNode() instanceof ScalarNode key)) {
        text.problem(entry.getKeyNode(), path, "a key must be a plain word");
      } else if (values.putIfAbsent(key.getValue(), entry.getValueNode()) != null) {
        text.problem(key, at(key.getValue()), "this key is given twice");
      } else {
        keys.put(key.getValue(), key);
      }
    }
  }

  /** Whether the key is there. */
  public boolean has(String key) {
    asked.add(key);
    return values.containsKey(key);
  }

  /** A required text. */
  public String text(String key) {
    return find(key).map(value -> scalar(key, value)).orElseGet(() -> missing(key, ""));
  }

  /** A text that may be left out. */
  public String text(String key, String fallback) {
    return find(key).map(value -> scalar(key, value)).orElse(fallback);
  }

  /** A required text out of a list. */
  public String choice(String key, String fallback, List<String> legal) {
    String chosen = text(key, fallback);
    if (!legal.contains(chosen)) {
      problem(key, "must be one of %s, got %s".formatted(legal, Limits.printable(chosen)));
      return fallback;
    }
    return chosen;
  }

  /** A required whole number. */
  public int integer(String key) {
    return find(key).map(value -> whole(key, value, 1)).orElseGet(() -> missing(key, 1));
  }

  /** A whole number that may be left out. */
  public int integer(String key, int fallback) {
    return find(key).map(value -> whole(key, value, fallback)).orElse(fallback);
  }

  /** A number that may be left out. */
  public double number(String key, double fallback) {
    return find(key)
        .map(
            value ->
                // Tag.STR: YAML 1.1 takes 2e-3, without a point, for a text.
                read(
                    key,
                    value,
                    Set.of(Tag.INT, Tag.FLOAT, Tag.STR),
                    "a number",
                    YamlMap::decimal,
                    fallback))
        .orElse(fallback);
  }

  /** A yes or no that may be left out. */
  public boolean flag(String key, boolean fallback) {
    return find(key)
        .map(value -> read(key, value, Set.of(Tag.BOOL), "true or false", YamlMap::truth, fallback))
        .orElse(fallback);
  }

  /** A length of time, for example 500ms, 30s, 15m, 2h or 1d. */
  public Duration duration(String key, Duration fallback) {
    Optional<Node> value = find(key);
    if (value.isEmpty()) {
      return fallback;
    }
    Matcher matcher = DURATION.matcher(scalar(key, value.get()));
    if (!matcher.matches()) {
      problem(key, "must be a length of time such as 30s, 15m, 2h or 1d");
      return fallback;
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }

  /** A required list of texts. */
  public List<String> texts(String key) {
    return find(key).isPresent() ? texts(key, List.of()) : missing(key, List.of());
  }

  /** A list of texts that may be left out. */
  public List<String> texts(String key, List<String> fallback) {
    Optional<Node> value = find(key);
    if (value.isEmpty()) {
      return fallback;
    }
    if (!(value.get() instanceof SequenceNode sequence)) {
      problem(key, "must be a list, for example [a, b]");
      return fallback;
    }
    List<String> texts = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      texts.add(scalar(key, element));
    }
    return List.copyOf(texts);
  }

  /** A mapping below; an empty one, with a problem noted, when a required one is missing. */
  public YamlMap map(String key) {
    if (find(key).isEmpty()) {
      missing(key, "");
    }
    return optionalMap(key);
  }

  /** A mapping below; an empty one when it is left out. */
  public YamlMap optionalMap(String key) {
    Optional<Node> value = find(key);
    if (value.isPresent() && value.get() instanceof MappingNode mapping) {
      return new YamlMap(text, at(key), mapping);
    }
    if (value.isPresent()) {
      problem(key, "must be a mapping of keys to values");
    }
    return new YamlMap(
        text,
        at(key),
        new MappingNode(
            Tag.MAP,
            true,
            List.of(),
            value.orElse(node).getStartMark(),
            value.orElse(node).getEndMark(),
            node.getFlowStyle()));
  }

  /** Whether the value of a key is itself a mapping. */
  public boolean isMap(String key) {
    return values.get(key) instanceof MappingNode;
  }

  /** Notes a problem with the value of a key, or with this mapping when the key is not there. */
  public void problem(String key, String message) {
    Node value = values.get(key);
    if (value != null) {
      text.problem(value, at(key), message);
    } else {
      text.problem(node, at(key), message);
    }
  }

  /**
   * Builds a record out of what was read; an {@link IllegalArgumentException} becomes a problem at
   * the key that its message begins with.
   */
  public <T> Optional<T> build(Supplier<T> record) {
    try {
      return Optional.of(record.get());
    } catch (IllegalArgumentException illegal) {
      String message = String.valueOf(illegal.getMessage());
      String word =
          message.replaceFirst("^(model|tuning|foundation|personal)\\.", "").split("[ :]", 2)[0];
      if (values.containsKey(word)) {
        problem(word, message);
      } else {
        text.problem(node, path, message);
      }
      return Optional.empty();
    }
  }

  /** Notes every key that no getter asked for, with the likely one. */
  public void end() {
    for (Map.Entry<String, Node> key : keys.entrySet()) {
      if (!asked.contains(key.getKey())) {
        String near = nearest(key.getKey());
        text.problem(
            key.getValue(),
            at(Limits.printable(key.getKey())),
            near.isEmpty()
                ? "unknown key; known here: " + String.join(", ", asked)
                : "unknown key; did you mean %s?".formatted(near));
      }
    }
  }

  private Optional<Node> find(String key) {
    asked.add(key);
    return Optional.ofNullable(values.get(key));
  }

  private <T> T missing(String key, T fallback) {
    text.problem(node, at(key), "this key is required");
    return fallback;
  }

  private String scalar(String key, Node value) {
    if (value instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
      return scalar.getValue();
    }
    text.problem(value, at(key), "must be a text");
    return "";
  }

  private int whole(String key, Node value, int fallback) {
    return read(
        key, value, Set.of(Tag.INT), "a whole number below 2147483648", Integer::valueOf, fallback);
  }

  private <T> T read(
      String key,
      Node value,
      Set<Tag> tags,
      String expected,
      Function<String, T> reader,
      T fallback) {
    if (value instanceof ScalarNode scalar && tags.contains(scalar.getTag())) {
      try {
        return reader.apply(scalar.getValue());
      } catch (NumberFormatException notOne) {
        text.problem(value, at(key), "must be " + expected);
        return fallback;
      }
    }
    text.problem(value, at(key), "must be " + expected);
    return fallback;
  }

  private static double decimal(String word) {
    if (!word.matches("[-+]?[0-9]{1,20}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?")) {
      throw new NumberFormatException(word);
    }
    return Double.parseDouble(word);
  }

  private static boolean truth(String word) {
    if (!word.equals("true") && !word.equals("false")) { // YAML 1.1 also knows yes, on, ...
      throw new NumberFormatException(word);
    }
    return word.equals("true");
  }

  private String nearest(String unknown) {
    String best = "";
    int least = Math.max(2, unknown.length() / 3) + 1;
    for (String known : asked) {
      int distance = distance(unknown.toLowerCase(java.util.Locale.ROOT), known);
      if (distance < least) {
        least = distance;
        best = known;
      }
    }
    return best;
  }

  /** Levenshtein distance, two rows. */
  private static int distance(String a, String b) {
    String target = b.toLowerCase(java.util.Locale.ROOT);
    int[] row = new int[target.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= Math.min(a.length(), 80); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int substituted = diagonal + (a.charAt(i - 1) == target.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[target.length()];
  }

  private String at(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
