package org.consilium.models.tune;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Regime;

/**
 * The parameters that a study trains, and those of them that travel. What is not trained keeps the
 * value that the study starts from, at every site, and never travels again.
 *
 * <p>A low-rank adapter (E. Hu et al., "LoRA", ICLR 2022) of a linear layer W [outputs, inputs] is
 * A [rank, inputs] and B [outputs, rank]; the layer becomes W + (α/rank)·BA. Under {@link
 * Regime#FFA_LORA} (Y. Sun et al., "Improving LoRA in privacy-preserving federated learning", ICLR
 * 2024) A comes from the study's seed and stays: the mean of the sites' products is then the
 * product of their means.
 */
public final class TrainedSet {
  /** The linear layers that get an adapter: an attention's projections. */
  private static final Pattern ADAPTED = Pattern.compile("(?:.*\\.)?attn\\.(?:qkv|proj)\\.weight");

  /** Ends of the names of an adapter's two tensors, [rank, inputs] and [outputs, rank]. */
  public static final String LORA_A = ".lora_A";

  public static final String LORA_B = ".lora_B";

  /** Most trained parameters of private training: heads and adapters, not whole large models. */
  static final long PATIENT_PARAMETERS_MAX = 2_000_000;

  private final Architecture architecture;
  private final Tuning tuning;
  private final ParameterLayout whole;
  private final Names names;
  private final List<TensorSpec> trained;
  private final ParameterLayout shared;
  private final Optional<ParameterLayout> local;

  private TrainedSet(Architecture architecture, Tuning tuning) {
    this.architecture = architecture;
    this.tuning = tuning;
    this.whole = wholeOf(architecture, tuning);
    this.names = new Names(architecture);
    Predicate<String> moves = names.trainedBy(tuning);
    this.trained = whole.tensors().stream().filter(t -> moves.test(t.name())).toList();
    Predicate<String> stays =
        switch (tuning.local()) {
          case NOTHING -> _ -> false;
          case HEAD -> names::head;
          case NORMS -> names::norm;
        };
    List<TensorSpec> travelling = trained.stream().filter(t -> !stays.test(t.name())).toList();
    if (travelling.isEmpty()) {
      throw new IllegalArgumentException(
          "tuning.regime: nothing of %s would be trained and travel"
              .formatted(architecture.spec().architecture()));
    }
    this.shared = ParameterLayout.of(travelling);
    List<TensorSpec> own = trained.stream().filter(t -> stays.test(t.name())).toList();
    if (own.isEmpty() && tuning.local() != Tuning.Local.NOTHING) {
      throw new IllegalArgumentException(
          "tuning.local: %s has no trained tensors of this kind"
              .formatted(architecture.spec().architecture()));
    }
    this.local = own.isEmpty() ? Optional.empty() : Optional.of(ParameterLayout.of(own));
  }

  /**
   * The set that {@code tuning} chooses.
   *
   * @throws IllegalArgumentException if it makes no sense for the architecture; begins with the key
   */
  public static TrainedSet of(Architecture architecture, Tuning tuning) {
    if (tuning.lastBlocks() > architecture.depth()) {
      throw new IllegalArgumentException(
          "tuning.blocks must be at most %d for %s, got %d"
              .formatted(
                  architecture.depth(), architecture.spec().architecture(), tuning.lastBlocks()));
    }
    return new TrainedSet(architecture, tuning);
  }

  /** What the parameters belong to. */
  public Architecture architecture() {
    return architecture;
  }

  /** All parameters: the architecture's, then the adapters'. */
  public ParameterLayout whole() {
    return whole;
  }

  /** Names of the trained tensors, in the whole's order. */
  public List<String> trained() {
    return trained.stream().map(TensorSpec::name).toList();
  }

  /** The trained tensors that travel: the layout of every delta and of every published version. */
  public ParameterLayout shared() {
    return shared;
  }

  /** The trained tensors that stay at the site. */
  public Optional<ParameterLayout> local() {
    return local;
  }

  /**
   * Why training of this set cannot hide each patient: a patient goes through the network alone,
   * and the noise's norm grows with the root of the number of trained parameters.
   */
  public Optional<String> unfit(Optional<PatientPrivacy> patients) {
    long parameters = trained.stream().mapToLong(TensorSpec::length).sum();
    String name = architecture.spec().architecture();
    if (patients.isEmpty()) {
      return Optional.empty();
    }
    if (name.equals("synthetic")) {
      return Optional.of("dp does not go with synthetic: it does not train");
    }
    return parameters > PATIENT_PARAMETERS_MAX
        ? Optional.of(
            "dp trains at most %,d parameters, %s with regime %s trains %,d: choose probe, bitfit, lora or ffa-lora"
                .formatted(
                    PATIENT_PARAMETERS_MAX,
                    name,
                    tuning.regime().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    parameters))
        : Optional.empty();
  }

  /** Whether the head alone is trained, so that embeddings never change. */
  public boolean headOnly() {
    return tuning.regime() == Regime.PROBE;
  }

  /** α/r, 0 without adapters. */
  public double adapterScale() {
    return tuning.rank() == 0 ? 0 : tuning.alpha() / tuning.rank();
  }

  /** The travelling tensors out of a source that holds them. */
  public ParameterSource shared(ParameterSource source) {
    return Part.of(shared, source);
  }

  /** The trained tensors that stay, out of a source that holds them. */
  public Optional<ParameterSource> local(ParameterSource source) {
    return local.map(layout -> Part.of(layout, source));
  }

  /** Whether a tensor belongs to the head, without a normalisation before it. */
  public boolean head(String tensor) {
    return names.head(tensor);
  }

  Tuning tuning() {
    return tuning;
  }

  static boolean adapter(String tensor) {
    return tensor.endsWith(LORA_A) || tensor.endsWith(LORA_B);
  }

  private static ParameterLayout wholeOf(Architecture architecture, Tuning tuning) {
    if (tuning.rank() == 0) {
      return architecture.layout();
    }
    List<TensorSpec> tensors = new ArrayList<>(architecture.layout().tensors());
    for (TensorSpec tensor : architecture.layout().tensors()) {
      if (ADAPTED.matcher(tensor.name()).matches() && tensor.shape().size() == 2) {
        String layer = tensor.name().substring(0, tensor.name().length() - ".weight".length());
        int outputs = tensor.shape().getFirst();
        int inputs = tensor.shape().getLast();
        if (tuning.rank() > Math.min(inputs, outputs)) {
          throw new IllegalArgumentException(
              "tuning.rank must be at most %d for %s, got %d"
                  .formatted(
                      Math.min(inputs, outputs),
                      architecture.spec().architecture(),
                      tuning.rank()));
        }
        tensors.add(TensorSpec.of(layer + LORA_A, tuning.rank(), inputs));
        tensors.add(TensorSpec.of(layer + LORA_B, outputs, tuning.rank()));
      }
    }
    if (tensors.size() == architecture.layout().tensors().size()) {
      throw new IllegalArgumentException(
          "tuning.regime: %s has no attention layers for an adapter"
              .formatted(architecture.spec().architecture()));
    }
    return ParameterLayout.of(tensors);
  }

  /** What a tensor is, by its name and by the shapes of its layer. */
  private static final class Names {
    private final Architecture architecture;
    private final Set<String> norms = new HashSet<>();

    Names(Architecture architecture) {
      this.architecture = architecture;
      Map<String, TensorSpec> tensors =
          architecture.layout().tensors().stream()
              .collect(Collectors.toMap(TensorSpec::name, t -> t));
      for (String name : tensors.keySet()) {
        TensorSpec weight = tensors.get(layerOf(name) + ".weight");
        // A layer whose weight is one number a channel only scales: that is a normalisation.
        if (weight != null && weight.shape().size() == 1) {
          norms.add(name);
        }
      }
    }

    boolean norm(String tensor) {
      return norms.contains(tensor);
    }

    boolean head(String tensor) {
      return !adapter(tensor)
          && architecture.layer(tensor) == architecture.depth() + 1
          && !norm(tensor);
    }

    Predicate<String> trainedBy(Tuning tuning) {
      int first = architecture.depth() + 1 - tuning.lastBlocks();
      return switch (tuning.regime()) {
        case FULL ->
            tensor ->
                !(architecture instanceof MaskedAutoencoder && MaskedAutoencoder.fixed(tensor));
        case PROBE -> this::head;
        case LAST_BLOCKS -> tensor -> architecture.layer(tensor) >= first;
        case FFA_LORA -> tensor -> tensor.endsWith(LORA_B) || head(tensor);
        case LORA -> tensor -> adapter(tensor) || head(tensor);
        case BITFIT -> tensor -> tensor.endsWith(".bias") || norm(tensor) || head(tensor);
      };
    }

    private static String layerOf(String tensor) {
      int dot = tensor.lastIndexOf('.');
      return dot < 0 ? tensor : tensor.substring(0, dot);
    }
  }
}
