package org.consilium.site.policy;

import java.util.List;
import java.util.stream.Collectors;

/** A policy file that cannot be understood; it refuses everything. Names every problem. */
public final class PolicyRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<PolicyProblem> problems;

  PolicyRefused(List<PolicyProblem> problems) {
    super(problems.stream().map(PolicyProblem::text).collect(Collectors.joining("; ")));
    this.problems = List.copyOf(problems);
  }

  /** The problems by place. */
  public List<PolicyProblem> problems() {
    return problems;
  }
}
