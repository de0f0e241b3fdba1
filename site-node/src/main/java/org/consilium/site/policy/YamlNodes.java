package org.consilium.site.policy;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.consilium.protocol.Limits;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A YAML mapping that is read strictly: every problem is noted with its line, and a key that is not
 * known is one of them, for a misspelt limit must not be no limit.
 */
final class YamlNodes {
  private static final int TEXT_CHARS_MAX = 1 << 20;
  private static final int DEPTH_MAX = 8;

  private final String path;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final List<PolicyProblem> problems;

  private YamlNodes(String path, List<PolicyProblem> problems) {
    this.path = path;
    this.problems = problems;
  }

  /** Reads with the top mapping of {@code text}; throws what was found wrong. */
  static <T> T read(String text, Set<String> keys, Function<YamlNodes, T> reader)
      throws PolicyRefused {
    List<PolicyProblem> problems = new ArrayList<>();
    YamlNodes top = new YamlNodes("", problems);
    top.fill(composed(text), keys);
    T result;
    try {
      result = reader.apply(top);
    } catch (IllegalArgumentException unfit) {
      problems.add(new PolicyProblem(1, 1, "", String.valueOf(unfit.getMessage())));
      throw new PolicyRefused(problems);
    }
    if (!problems.isEmpty()) {
      problems.sort(
          Comparator.comparingInt(PolicyProblem::line).thenComparingInt(PolicyProblem::column));
      throw new PolicyRefused(problems);
    }
    return result;
  }

  /** Whether the key is there. */
  boolean has(String key) {
    return values.containsKey(key);
  }

  /** A mapping under a key; an empty one if it is missing. */
  YamlNodes map(String key, Set<String> keys) {
    YamlNodes child = new YamlNodes(at(key), problems);
    Node node = values.get(key);
    if (node != null) {
      child.fill(node, keys);
    }
    return child;
  }

  /** The mappings of a list under a key. */
  List<YamlNodes> maps(String key, Set<String> keys) {
    List<YamlNodes> children = new ArrayList<>();
    for (Node node : sequence(key)) {
      YamlNodes child = new YamlNodes(at(key), problems);
      child.fill(node, keys);
      children.add(child);
    }
    return children;
  }

  /** A value as {@code parse} reads its text; {@code rule} says what is legal. */
  <T> Optional<T> value(String key, String rule, Function<String, Optional<T>> parse) {
    Node node = values.get(key);
    return node == null ? Optional.empty() : parsed(node, key, rule, parse);
  }

  /** A list of values; a list without any is refused: leave the key out for no bound. */
  <T> List<T> values(String key, String rule, Function<String, Optional<T>> parse) {
    List<Node> nodes = sequence(key);
    if (values.containsKey(key) && nodes.isEmpty()) {
      problem(values.get(key), at(key), "name at least one, or leave the key out for no bound");
    }
    List<T> found = new ArrayList<>();
    nodes.forEach(node -> parsed(node, key, rule, parse).ifPresent(found::add));
    return found;
  }

  /** A whole number. */
  long whole(String key, long least, long most, long otherwise) {
    String rule = "must be a whole number from %d to %d".formatted(least, most);
    return value(
            key,
            rule,
            text ->
                text.matches("[0-9]{1,18}")
                    ? Optional.of(Long.valueOf(text)).filter(n -> n >= least && n <= most)
                    : Optional.empty())
        .orElse(otherwise);
  }

  /** A number. */
  double number(String key, double least, double most, double otherwise) {
    String rule = "must be a number from %s to %s".formatted(least, most);
    return value(
            key,
            rule,
            text ->
                text.matches("[0-9]{0,9}(\\.[0-9]{0,12})?([eE][-+]?[0-9]{1,2})?")
                        && text.matches("\\.?[0-9].*")
                    ? Optional.of(Double.valueOf(text)).filter(n -> n >= least && n <= most)
                    : Optional.empty())
        .orElse(otherwise);
  }

  /** Notes that a key must be there. */
  void require(String key) {
    if (!values.containsKey(key)) {
      problems.add(new PolicyProblem(1, 1, at(key), "must be given"));
    }
  }

  private <T> Optional<T> parsed(
      Node node, String key, String rule, Function<String, Optional<T>> parse) {
    String text = node instanceof ScalarNode scalar ? scalar.getValue() : "";
    boolean nothing = !(node instanceof ScalarNode) || node.getTag().equals(Tag.NULL);
    Optional<T> result = nothing ? Optional.empty() : parse.apply(text.strip());
    if (result.isEmpty()) {
      problem(node, at(key), rule + (nothing ? "" : ", got " + Limits.printable(text)));
    }
    return result;
  }

  private List<Node> sequence(String key) {
    Node node = values.get(key);
    if (node instanceof SequenceNode list) {
      return list.getValue();
    }
    if (node != null) {
      problem(node, at(key), "must be a list");
    }
    return List.of();
  }

  private void fill(Node node, Set<String> keys) {
    if (!(node instanceof MappingNode map)) {
      problem(node, path, "must be a mapping of keys to values");
      return;
    }
    for (NodeTuple entry : map.getValue()) {
      String key = entry.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
      if (!keys.contains(key)) {
        problem(
            entry.getKeyNode(),
            path,
            "unknown key %s; known are %s".formatted(Limits.printable(key), new TreeSet<>(keys)));
      } else if (values.putIfAbsent(key, entry.getValueNode()) != null) {
        problem(entry.getKeyNode(), at(key), "this key is given twice");
      }
    }
  }

  private String at(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private void problem(@org.jspecify.annotations.Nullable Node where, String key, String message) {
    Mark mark = where == null ? null : where.getStartMark();
    problems.add(
        new PolicyProblem(
            mark == null ? 1 : mark.getLine() + 1,
            mark == null ? 1 : mark.getColumn() + 1,
            key,
            message));
  }

  /** The document's node; a text without any content is an empty mapping. */
  private static Node composed(String text) throws PolicyRefused {
    if (text.length() > TEXT_CHARS_MAX) {
      throw refused(1, 1, "%d characters, at most %d".formatted(text.length(), TEXT_CHARS_MAX));
    }
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(0);
    options.setNestingDepthLimit(DEPTH_MAX);
    try {
      Node node = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
      return node != null
          ? node
          : new MappingNode(Tag.MAP, List.of(), org.yaml.snakeyaml.DumperOptions.FlowStyle.BLOCK);
    } catch (MarkedYAMLException marked) {
      Mark mark = marked.getProblemMark();
      throw refused(
          mark == null ? 1 : mark.getLine() + 1,
          mark == null ? 1 : mark.getColumn() + 1,
          "not YAML: " + Limits.printable(String.valueOf(marked.getProblem())));
    } catch (YAMLException notYaml) {
      throw refused(
          1,
          1,
          "not YAML: "
              + Limits.printable(
                  String.valueOf(notYaml.getMessage()).lines().findFirst().orElse("")));
    }
  }

  private static PolicyRefused refused(int line, int column, String message) {
    return new PolicyRefused(List.of(new PolicyProblem(line, column, "", message)));
  }
}
