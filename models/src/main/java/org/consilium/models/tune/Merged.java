package org.consilium.models.tune;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;

/**
 * One whole model in the architecture's own layout: the start, overridden by trained tensors, with
 * every adapter added to its layer. What a study releases; no site needs the parts to use it.
 */
public final class Merged implements ParameterSource {
  private final TrainedSet set;

  /** For each tensor of the architecture: which source has it, and where. */
  private final Map<String, Found> found = new HashMap<>();

  private record Found(ParameterSource source, int place) {}

  /**
   * A model of its parts, which are read, not owned.
   *
   * @param start in the set's whole layout
   * @param trained each holding some of the set's tensors; the last one that has a tensor counts
   */
  public Merged(TrainedSet set, ParameterSource start, List<ParameterSource> trained) {
    this.set = set;
    enter(start);
    trained.forEach(this::enter);
    for (TensorSpec tensor : set.whole().tensors()) {
      Found where = found.get(tensor.name());
      if (where == null || !where.source().layout().tensors().get(where.place()).equals(tensor)) {
        throw new IllegalArgumentException(
            "merge: no part has tensor %s of shape %s".formatted(tensor.name(), tensor.shape()));
      }
    }
  }

  @Override
  public ParameterLayout layout() {
    return set.architecture().layout();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    layout()
        .pieces(
            offset,
            length,
            (tensor, within, done, some) -> {
              TensorSpec spec = layout().tensors().get(tensor);
              read(spec.name(), within, into, at + done, some);
              addAdapter(spec, within, into, at + done, some);
            });
  }

  private void enter(ParameterSource source) {
    List<TensorSpec> tensors = source.layout().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      found.put(tensors.get(i).name(), new Found(source, i));
    }
  }

  private void read(String tensor, long within, float[] into, int at, int length)
      throws IOException {
    Found where = found.get(tensor);
    if (where == null) {
      throw new IllegalStateException("merge: " + tensor);
    }
    where.source().read(where.source().layout().offset(where.place()) + within, into, at, length);
  }

  private void addAdapter(TensorSpec spec, long within, float[] into, int at, int length)
      throws IOException {
    String layer = spec.name().replaceFirst("\\.weight$", "");
    if (!spec.name().endsWith(".weight") || !found.containsKey(layer + TrainedSet.LORA_A)) {
      return;
    }
    int inputs = spec.shape().getLast();
    int rank = set.tuning().rank();
    float[] a = new float[rank * inputs];
    read(layer + TrainedSet.LORA_A, 0, a, 0, a.length);
    float[] b = new float[rank];
    int row = -1;
    for (int i = 0; i < length; i++) {
      int output = (int) ((within + i) / inputs);
      int input = (int) ((within + i) % inputs);
      if (output != row) {
        row = output;
        read(layer + TrainedSet.LORA_B, (long) row * rank, b, 0, rank);
      }
      double sum = 0;
      for (int r = 0; r < rank; r++) {
        sum += (double) b[r] * a[r * inputs + input];
      }
      into[at + i] += (float) (set.adapterScale() * sum);
    }
  }
}
