package org.consilium.models.tune;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;

/**
 * The values that every parameter of a study has before round 1, the same at every site: those of
 * the foundation where it has a tensor of that name, and the seed's elsewhere. Made when they are
 * read.
 */
public final class Start implements ParameterSource {
  /** Normalisations at the end of a vision transformer that averages, and of one that does not. */
  private static final String OF_THE_MEAN = "fc_norm.";

  private static final String OF_EVERY_PATCH = "norm.";

  private final TrainedSet set;
  private final ParameterSource seeded;
  private final Optional<ParameterSource> foundation;

  /** For each tensor of the whole, its place in the foundation, or -1. */
  private final int[] places;

  private final long seed;

  private Start(TrainedSet set, Optional<ParameterSource> foundation, int[] places, long seed) {
    this.set = set;
    this.seeded = set.architecture().initial(seed);
    this.foundation = foundation;
    this.places = places;
    this.seed = seed;
  }

  /** Everything from the seed. */
  public static Start seeded(TrainedSet set, long seed) {
    int[] nowhere = new int[set.whole().tensors().size()];
    java.util.Arrays.fill(nowhere, -1);
    return new Start(set, Optional.empty(), nowhere, seed);
  }

  /**
   * From a foundation, which is read, not owned. Only the head may be missing from it or have
   * another shape, and the normalisation of the patches' mean (as in He et al. 2022, whose
   * pre-training normalises every patch instead); what it has beyond the architecture must be a
   * pre-training's own.
   *
   * @throws IllegalArgumentException if it does not fit; names the tensors
   */
  public static Start from(ParameterSource foundation, TrainedSet set, long seed) {
    Map<String, Integer> there = new HashMap<>();
    List<TensorSpec> tensors = foundation.layout().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      there.put(tensors.get(i).name(), i);
    }
    List<String> unfit = new ArrayList<>();
    int[] places = new int[set.whole().tensors().size()];
    for (int i = 0; i < places.length; i++) {
      TensorSpec wanted = set.whole().tensors().get(i);
      Integer at = there.remove(wanted.name());
      boolean same = at != null && tensors.get(at).shape().equals(wanted.shape());
      places[i] = same && at != null ? at : -1;
      if (!same && !mayDiffer(set, wanted.name())) {
        unfit.add(
            at == null
                ? "%s is missing".formatted(wanted.name())
                : "%s has shape %s, not %s"
                    .formatted(wanted.name(), tensors.get(at).shape(), wanted.shape()));
      }
    }
    there.keySet().stream()
        .filter(name -> !needless(set, name))
        .sorted()
        .forEach(name -> unfit.add(name + " is not of this architecture"));
    if (!unfit.isEmpty()) {
      throw new IllegalArgumentException(
          "foundation does not fit %s in %d tensors: %s"
              .formatted(
                  set.architecture().spec().architecture(),
                  unfit.size(),
                  String.join("; ", unfit.subList(0, Math.min(10, unfit.size())))));
    }
    return new Start(set, Optional.of(foundation), places, seed);
  }

  /**
   * What another training begins with out of a pre-training's parameters: all but the
   * pre-training's own. Read, not owned.
   */
  public static ParameterSource withoutOwn(ParameterSource preTrained) {
    List<TensorSpec> kept =
        preTrained.layout().tensors().stream().filter(t -> !ownOfPreTraining(t.name())).toList();
    return Part.of(ParameterLayout.of(kept), preTrained);
  }

  @Override
  public ParameterLayout layout() {
    return set.whole();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    layout()
        .pieces(
            offset,
            length,
            (tensor, within, done, some) -> read(tensor, within, into, at + done, some));
  }

  private void read(int tensor, long within, float[] into, int at, int length) throws IOException {
    String name = layout().tensors().get(tensor).name();
    if (places[tensor] >= 0) {
      ParameterSource source = foundation.orElseThrow();
      source.read(source.layout().offset(places[tensor]) + within, into, at, length);
    } else if (name.endsWith(TrainedSet.LORA_B)) {
      java.util.Arrays.fill(into, at, at + length, 0f);
    } else if (name.endsWith(TrainedSet.LORA_A)) {
      adapter(tensor, within, into, at, length);
    } else {
      // The architecture's tensors stand first in the whole, in the same order.
      seeded.read(seeded.layout().offset(tensor) + within, into, at, length);
    }
  }

  /** Uniform by Kaiming over the inputs; value by value, so that any range can be read. */
  private void adapter(int tensor, long within, float[] into, int at, int length) {
    int inputs = layout().tensors().get(tensor).shape().getLast();
    double bound = 1 / Math.sqrt(inputs);
    long key = new SplittableRandom(seed ^ (tensor * 0x9E3779B97F4A7C15L)).nextLong();
    for (int i = 0; i < length; i++) {
      double unit = new SplittableRandom(key + within + i).nextDouble();
      into[at + i] = (float) (bound * (2 * unit - 1));
    }
  }

  private static boolean mayDiffer(TrainedSet set, String tensor) {
    return TrainedSet.adapter(tensor) || set.head(tensor) || tensor.startsWith(OF_THE_MEAN);
  }

  private static boolean needless(TrainedSet set, String tensor) {
    boolean averages =
        set.whole().tensors().stream().anyMatch(t -> t.name().startsWith(OF_THE_MEAN));
    return (averages && tensor.startsWith(OF_EVERY_PATCH)) || ownOfPreTraining(tensor);
  }

  private static boolean ownOfPreTraining(String tensor) {
    return tensor.equals("mask_token")
        || tensor.startsWith("decoder_")
        || tensor.startsWith("head.")
        || tensor.startsWith("projector.");
  }
}
