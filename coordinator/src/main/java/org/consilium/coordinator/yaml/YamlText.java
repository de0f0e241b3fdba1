package org.consilium.coordinator.yaml;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.consilium.protocol.Limits;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionEndEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;

/** One YAML document being read, and the problems found so far. */
public final class YamlText {
  private static final int DEPTH_MAX = 12;
  private static final int PROBLEMS_MAX = 50;

  private final List<YamlProblem> problems = new ArrayList<>();

  /**
   * The document's top mapping. Aliases are refused: no file here needs one, and they can make a
   * small file large.
   */
  public YamlMap root(String text) throws YamlRefused {
    if (text.length() > Limits.PLAN_BYTES_MAX) {
      throw new YamlRefused(
          List.of(
              new YamlProblem(
                  1,
                  1,
                  "",
                  "%d characters, at most %d are read"
                      .formatted(text.length(), Limits.PLAN_BYTES_MAX))));
    }
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Limits.PLAN_BYTES_MAX);
    options.setNestingDepthLimit(DEPTH_MAX);
    Yaml yaml = new Yaml(new SafeConstructor(options));
    try {
      int depth = 0;
      for (Event event : yaml.parse(new StringReader(text))) {
        depth += event instanceof CollectionStartEvent ? 1 : 0;
        depth -= event instanceof CollectionEndEvent ? 1 : 0;
        if (depth > DEPTH_MAX) {
          // The parser's own time grows with the square of the depth.
          throw refused(
              event.getStartMark(),
              "not YAML that is read here: nested deeper than %d".formatted(DEPTH_MAX));
        }
        if (event instanceof AliasEvent) {
          throw refused(event.getStartMark(), "aliases (*name) are not read here: write it out");
        }
      }
      Node node = yaml.compose(new StringReader(text));
      if (node instanceof MappingNode mapping) {
        return new YamlMap(this, "", mapping);
      }
      throw refused(
          node == null ? null : node.getStartMark(), "a mapping of keys to values is expected");
    } catch (MarkedYAMLException broken) {
      throw refused(broken.getProblemMark(), "not YAML: " + broken.getProblem());
    } catch (YAMLException broken) {
      throw refused(null, "not YAML: " + Limits.printable(String.valueOf(broken.getMessage())));
    }
  }

  /** Notes a problem at a place. */
  void problem(Node where, String path, String message) {
    Mark mark = where.getStartMark();
    if (problems.size() < PROBLEMS_MAX) {
      problems.add(new YamlProblem(mark.getLine() + 1, mark.getColumn() + 1, path, message));
    }
  }

  /** Throws what was found, if anything was. */
  public void check() throws YamlRefused {
    if (!problems.isEmpty()) {
      problems.sort(
          Comparator.comparingInt(YamlProblem::line).thenComparingInt(YamlProblem::column));
      throw new YamlRefused(problems);
    }
  }

  private static YamlRefused refused(@org.jspecify.annotations.Nullable Mark mark, String message) {
    return new YamlRefused(
        List.of(
            new YamlProblem(
                mark == null ? 1 : mark.getLine() + 1,
                mark == null ? 1 : mark.getColumn() + 1,
                "",
                message)));
  }
}
