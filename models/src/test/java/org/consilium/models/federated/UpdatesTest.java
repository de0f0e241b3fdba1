package org.consilium.models.federated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UpdatesTest {
  private static final ParameterLayout TRAINED =
      ParameterLayout.of(List.of(TensorSpec.of("a", 2), TensorSpec.of("b", 1)));

  @TempDir Path folder;

  @Test
  void layout_ofEachRule_appendsWhatTheRuleSends() {
    assertThat(names(plan(Rule.FEDADAM))).containsExactly("a", "b");
    assertThat(names(plan(Rule.FEDNOVA))).containsExactly("a", "b", "federated.steps");
    assertThat(names(plan(Rule.SCAFFOLD))).containsExactly("a", "b", "control.a", "control.b");
    for (Rule rule : Rule.values()) {
      assertThat(RoundLayout.trained(RoundLayout.of(TRAINED, plan(rule)))).isEqualTo(TRAINED);
    }
  }

  /** By hand: 3 steps of at most 6 halve the unit, so the delta is doubled. */
  @Test
  void nova_halfTheSteps_stretchesTheDeltaAndSaysSo() throws IOException {
    ParameterSource base = round(Rule.FEDNOVA, 1, 2, 3, 0);

    NovaUpdate update = NovaUpdate.of(base, vector(TRAINED, 1.5f, 2, 2), 3, 6);

    assertThat(difference(update, base)).containsExactly(new double[] {1, 0, -2, .5}, within(1e-6));
    assertThat(NovaUpdate.unit(0, 2, 3, 0)).isEqualTo(6);
    assertThat(NovaUpdate.unit(4, 2, 3, 0)).isEqualTo(4);
    assertThatThrownBy(() -> NovaUpdate.of(base, vector(TRAINED, 1, 2, 3), 7, 6))
        .hasMessageContaining("normaliser 7.0 in units of 6.0");
  }

  /** Wang et al. 2020: (τ − ρ(1 − ρ^τ)/(1 − ρ))/(1 − ρ) with momentum, τ without. */
  @Test
  void normaliser_withAndWithoutMomentum_isThePapers() {
    double rho = 0.9;
    int tau = 7;
    double expected = (tau - rho * (1 - Math.pow(rho, tau)) / (1 - rho)) / (1 - rho);

    assertThat(Nova.normaliser(tau, rho, 0)).isCloseTo(expected, within(1e-12));
    assertThat(Nova.normaliser(tau, 0, 0)).isEqualTo(tau);
  }

  /** By hand: x − y = (0.2, 0, −0.4), rates sum to 2, so cₖ′ = cₖ − c + (0.1, 0, −0.2). */
  @Test
  void scaffold_withinTheClip_sendsBothDifferences() throws IOException {
    ParameterSource base = round(Rule.SCAFFOLD, 1, 1, 1, .5f, 0, .25f);
    ParameterSource trained = vector(TRAINED, .8f, 1, 1.4f);
    float[] own = {.1f, .2f, .3f};
    float[] moved = {.2f, 0, -.4f};

    float[] next = ControlVariates.next(own, new float[] {.5f, 0, .25f}, moved, 2, 10);
    ScaffoldUpdate update =
        ScaffoldUpdate.of(base, trained, new ScaffoldUpdate.Control(own, next), 10);

    assertThat(next).containsExactly(new float[] {-.3f, .2f, -.15f}, within(1e-6f));
    assertThat(difference(update, base))
        .containsExactly(new double[] {-.2, 0, .4, -.4, 0, -.45}, within(1e-6));
  }

  @Test
  void scaffold_longWays_areCutSoThatTheWholeIsWithinTheClip() throws IOException {
    ParameterSource base = round(Rule.SCAFFOLD, 0, 0, 0, 0, 0, 0);
    ParameterSource trained = vector(TRAINED, 30, 40, 0);
    float[] own = new float[3];

    float[] next = ControlVariates.next(own, own, new float[] {-30, -40, 0}, .01, 10);
    ScaffoldUpdate update =
        ScaffoldUpdate.of(base, trained, new ScaffoldUpdate.Control(own, next), 10);

    double squares = 0;
    for (double value : difference(update, base)) {
      squares += value * value;
    }
    assertThat(Math.sqrt(squares)).isLessThanOrEqualTo(10).isGreaterThan(9.9);
    // What the site keeps is what it sent, so that c stays the mean of all cₖ.
    assertThat(next).containsExactly(new float[] {-3, -4, 0}, within(1e-5f));
  }

  @Test
  void controlVariates_unacceptedOrRepeatedRounds_doNotCount() throws IOException {
    ControlVariates kept = ControlVariates.in(folder);
    assertThat(kept.own(TRAINED, 1)).containsExactly(0, 0, 0);

    kept.draft(TRAINED, 1, new float[] {9, 9, 9});
    assertThat(kept.own(TRAINED, 2)).containsExactly(0, 0, 0);
    assertThat(folder).isEmptyDirectory(); // it was not accepted, and its round is over
    kept.draft(TRAINED, 1, new float[] {1, 1, 1});
    kept.accept(1);
    kept.accept(1);
    assertThat(kept.own(TRAINED, 2)).containsExactly(1, 1, 1);

    kept.draft(TRAINED, 2, new float[] {2, 2, 2});
    kept.accept(2);
    // Round 2 came to nothing and is asked for again.
    assertThat(kept.own(TRAINED, 2)).containsExactly(1, 1, 1);
    assertThat(kept.own(TRAINED, 3)).containsExactly(1, 1, 1);
    for (int round = 3; round < 7; round++) {
      kept.draft(TRAINED, round, new float[] {round, 0, 0});
      kept.accept(round);
    }
    assertThat(kept.own(TRAINED, 7)).containsExactly(6, 0, 0);
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(2);
    }
  }

  private static Aggregation plan(Rule rule) {
    double tau = rule.adaptive() || rule == Rule.FEDEMA ? 1e-3 : 0;
    double adjustment = rule == Rule.FEDDG_GA ? .2 : 0;
    Weighting weighting = rule == Rule.SCAFFOLD ? Weighting.UNIFORM : Weighting.SAMPLES;
    return new Aggregation(rule, 1, 0, 0, tau, adjustment, weighting);
  }

  private static List<String> names(Aggregation plan) {
    return RoundLayout.of(TRAINED, plan).tensors().stream().map(TensorSpec::name).toList();
  }

  private static ParameterSource round(Rule rule, float... values) {
    return vector(RoundLayout.of(TRAINED, plan(rule)), values);
  }

  private static ParameterSource vector(ParameterLayout layout, float... values) {
    return ParameterSource.of(layout, values);
  }

  /** Read in pieces, across the border between parameters and what follows. */
  private static double[] difference(ParameterSource to, ParameterSource from) throws IOException {
    int length = (int) from.layout().length();
    double[] difference = new double[length];
    for (int at = 0; at < length; at += 2) {
      float[] a = new float[2];
      float[] b = new float[2];
      int now = Math.min(2, length - at);
      to.read(at, a, 0, now);
      from.read(at, b, 0, now);
      for (int i = 0; i < now; i++) {
        difference[at + i] = (double) a[i] - b[i];
      }
    }
    return difference;
  }
}
