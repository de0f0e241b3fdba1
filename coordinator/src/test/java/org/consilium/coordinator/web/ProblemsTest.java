package org.consilium.coordinator.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.junit.jupiter.api.Test;

final class ProblemsTest {
  @Test
  void away_authorityJustBack_hintSaysToWaitAndNamesNoPlaceholder() {
    Object body =
        new Problems().away(new AuthorityUnreachable("invite", new IOException("refused"))).body();

    assertThat(body)
        .isInstanceOfSatisfying(
            Problem.class,
            problem -> {
              assertThat(problem.code()).isEqualTo("CS-CA-001");
              assertThat(problem.hint()).contains("wait a few seconds").doesNotContain("DIR");
            });
  }
}
