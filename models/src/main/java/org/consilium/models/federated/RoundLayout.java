package org.consilium.models.federated;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;

/**
 * The vector that a round moves: the trained parameters, and after them what the aggregation rule
 * adds. Both ends work it out from the plan, so that neither has to believe the other.
 *
 * <ul>
 *   <li>SCAFFOLD: {@code control.<name>} for each trained tensor, the server's control variate c in
 *       a published file, cₖ′ − cₖ in an update.
 *   <li>FedNova: {@code federated.steps}, one value: 0 in a published file, the site's normaliser
 *       in units of the round's in an update.
 * </ul>
 */
public final class RoundLayout {
  /** Name of FedNova's coordinate. */
  public static final String STEPS = "federated.steps";

  private static final String CONTROL = "control.";

  private RoundLayout() {}

  /** What a tensor of a round's layout is. */
  public enum Part {
    PARAMETER,
    /** A control variate. */
    CONTROL,
    /** FedNova's normaliser. */
    STEPS
  }

  /** The layout of a round of some trained parameters. */
  public static ParameterLayout of(ParameterLayout trained, Aggregation aggregation) {
    List<TensorSpec> tensors = new ArrayList<>(trained.tensors());
    switch (aggregation.rule()) {
      case SCAFFOLD ->
          trained
              .tensors()
              .forEach(t -> tensors.add(new TensorSpec(CONTROL + t.name(), t.shape())));
      case FEDNOVA -> tensors.add(TensorSpec.of(STEPS, 1));
      case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD, FEDDG_GA, FEDEMA -> {
        return trained;
      }
    }
    return ParameterLayout.of(tensors);
  }

  /** What a tensor is, by its name. */
  public static Part part(String tensor) {
    if (tensor.startsWith(CONTROL)) {
      return Part.CONTROL;
    }
    return tensor.equals(STEPS) ? Part.STEPS : Part.PARAMETER;
  }

  /** The parameters of a round's source alone, without what the rule added; read, not owned. */
  public static ParameterSource parameters(ParameterSource round) {
    ParameterLayout trained = trained(round.layout());
    return trained.equals(round.layout()) ? round : new View(round, trained);
  }

  /** The parameters of a round's layout alone. */
  public static ParameterLayout trained(ParameterLayout round) {
    List<TensorSpec> tensors =
        round.tensors().stream().filter(t -> part(t.name()) == Part.PARAMETER).toList();
    return tensors.size() == round.tensors().size() ? round : ParameterLayout.of(tensors);
  }

  /** The first coordinates of a source. */
  private record View(ParameterSource whole, ParameterLayout layout) implements ParameterSource {
    @Override
    public void read(long offset, float[] into, int at, int length) throws IOException {
      whole.read(offset, into, at, length);
    }
  }
}
