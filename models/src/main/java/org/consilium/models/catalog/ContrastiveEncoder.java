package org.consilium.models.catalog;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;

/**
 * What pre-trains an image encoder by telling images apart (T. Chen et al., "A Simple Framework for
 * Contrastive Learning of Visual Representations", ICML 2020): the encoder without its head, and a
 * projector of two layers, D → D → 128, in which the comparison is made. The encoder's tensors have
 * its own names: without {@code projector.*} they start one.
 */
public final class ContrastiveEncoder implements Architecture {
  /** Begins the name of every such model; the encoder's name follows. */
  static final String PREFIX = "simclr-";

  /** Width of the space in which two views are compared. */
  public static final int PROJECTION = 128;

  private static final String PROJECTOR = "projector.";
  private static final Pattern HEAD = Pattern.compile("(?:head|fc|head\\.fc)\\.(?:weight|bias)");

  private final ModelSpec spec;
  private final Architecture encoder;
  private final ParameterLayout layout;
  private final int body;
  private final Blueprint.Plan projector;

  private ContrastiveEncoder(ModelSpec spec, Architecture encoder, int width) {
    this.spec = spec;
    this.encoder = encoder;
    List<TensorSpec> tensors =
        new ArrayList<>(encoder.layout().tensors().stream().filter(t -> !head(t.name())).toList());
    this.body = tensors.size();
    Filling spread = new Filling.Uniform(1 / Math.sqrt(width));
    Blueprint added = new Blueprint();
    added.add(PROJECTOR + "0.weight", spread, width, width);
    added.add(PROJECTOR + "0.bias", new Filling.Constant(0), width);
    added.add(PROJECTOR + "2.weight", spread, PROJECTION, width);
    added.add(PROJECTOR + "2.bias", new Filling.Constant(0), PROJECTION);
    this.projector = added.plan();
    tensors.addAll(projector.layout().tensors());
    this.layout = ParameterLayout.of(tensors);
  }

  /** All names: those encoders' that have a head to be replaced. */
  static List<String> names(List<String> encoders) {
    return encoders.stream().map(name -> PREFIX + name).toList();
  }

  /** The model that {@code spec} names. */
  static Catalogue.Found find(ModelSpec spec) {
    ModelSpec plain = Catalogue.inner(spec, PREFIX);
    return switch (Catalogue.find(plain)) {
      case Catalogue.Refused refused -> refused;
      case Catalogue.Known(Architecture encoder) -> {
        Optional<Integer> width = width(encoder);
        yield width.isEmpty()
            ? new Catalogue.Refused(
                "model.architecture: %s has no head whose place a projector could take"
                    .formatted(plain.architecture()))
            : new Catalogue.Known(new ContrastiveEncoder(spec, encoder, width.get()));
      }
    };
  }

  /** What is pre-trained. */
  public Architecture encoder() {
    return encoder;
  }

  /** The encoder's own specification is that of {@link #encoder}. */
  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public ParameterSource initial(long seed) {
    return new Initial(encoder.initial(seed), projector.initial(seed));
  }

  @Override
  public int depth() {
    return encoder.depth();
  }

  /** The projector stands where the head would. */
  @Override
  public int layer(String tensor) {
    return tensor.startsWith(PROJECTOR) ? depth() + 1 : encoder.layer(tensor);
  }

  @Override
  public String summary() {
    return "%s: %s without its head, projector to %d, %d parameters in all"
        .formatted(spec.architecture(), encoder.spec().architecture(), PROJECTION, parameters());
  }

  private static boolean head(String tensor) {
    return HEAD.matcher(tensor).matches();
  }

  /** Values that an encoder's head takes. */
  private static Optional<Integer> width(Architecture encoder) {
    return encoder.layout().tensors().stream()
        .filter(t -> head(t.name()) && t.shape().size() == 2)
        .map(t -> t.shape().getLast())
        .findFirst();
  }

  /** The encoder's values under the same names, and the projector's. */
  private final class Initial implements ParameterSource {
    private final ParameterSource inner;
    private final ParameterSource added;

    /** For each tensor of the body, its place in the encoder. */
    private final int[] places;

    Initial(ParameterSource inner, ParameterSource added) {
      this.inner = inner;
      this.added = added;
      List<TensorSpec> all = inner.layout().tensors();
      this.places =
          java.util.stream.IntStream.range(0, all.size())
              .filter(i -> !head(all.get(i).name()))
              .toArray();
    }

    @Override
    public ParameterLayout layout() {
      return layout;
    }

    @Override
    public void read(long offset, float[] into, int at, int length) throws IOException {
      layout.pieces(
          offset,
          length,
          (tensor, within, done, some) -> {
            if (tensor < body) {
              long from = inner.layout().offset(places[tensor]) + within;
              inner.read(from, into, at + done, some);
            } else {
              added.read(added.layout().offset(tensor - body) + within, into, at + done, some);
            }
          });
    }
  }
}
