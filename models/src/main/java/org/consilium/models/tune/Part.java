package org.consilium.models.tune;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;

/**
 * Some of a source's tensors, in an order of their own.
 *
 * @param layout which
 * @param source where they are; read, not owned
 * @param places for each tensor of the layout, its place in the source
 */
record Part(ParameterLayout layout, ParameterSource source, List<Integer> places)
    implements ParameterSource {
  /**
   * The tensors of {@code layout} out of {@code source}.
   *
   * @throws IllegalArgumentException if one is not there in that shape
   */
  static Part of(ParameterLayout layout, ParameterSource source) {
    Map<TensorSpec, Integer> there = new HashMap<>();
    List<TensorSpec> tensors = source.layout().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      there.put(tensors.get(i), i);
    }
    List<Integer> places =
        layout.tensors().stream()
            .map(
                tensor -> {
                  Integer place = there.get(tensor);
                  if (place == null) {
                    throw new IllegalArgumentException(
                        "parameters: there is no tensor %s of shape %s"
                            .formatted(tensor.name(), tensor.shape()));
                  }
                  return place;
                })
            .toList();
    return new Part(layout, source, places);
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    layout.pieces(
        offset,
        length,
        (tensor, within, done, some) -> {
          long from = source.layout().offset(places.get(tensor)) + within;
          source.read(from, into, at + done, some);
        });
  }
}
