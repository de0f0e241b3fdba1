package org.consilium.coordinator.yaml;

import java.util.List;
import java.util.stream.Collectors;

/** A YAML file with at least one problem; all that were found are in it. */
public final class YamlRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<YamlProblem> problems;

  public YamlRefused(List<YamlProblem> problems) {
    super(problems.stream().map(YamlProblem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** In the order of the file; never empty. */
  public List<YamlProblem> problems() {
    return problems;
  }
}
