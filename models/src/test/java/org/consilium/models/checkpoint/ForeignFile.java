package org.consilium.models.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;

/** Tensors by name that a test renames, reshapes and writes as another library would. */
final class ForeignFile {
  private final Map<String, float[]> values = new LinkedHashMap<>();
  private final Map<String, List<Integer>> shapes = new LinkedHashMap<>();

  /** Random values for every tensor of a layout. */
  static ForeignFile of(ParameterLayout layout, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ForeignFile file = new ForeignFile();
    for (TensorSpec tensor : layout.tensors()) {
      float[] some = new float[(int) tensor.length()];
      for (int i = 0; i < some.length; i++) {
        some[i] = random.nextFloat() - 0.5f;
      }
      file.put(tensor.name(), tensor.shape(), some);
    }
    return file;
  }

  ForeignFile put(String name, List<Integer> shape, float... some) {
    values.put(name, some);
    shapes.put(name, shape);
    return this;
  }

  float[] values(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  private List<Integer> shape(String name) {
    return Objects.requireNonNull(shapes.get(name), name);
  }

  ForeignFile drop(String name) {
    values.remove(name);
    shapes.remove(name);
    return this;
  }

  ForeignFile reshape(String name, Integer... shape) {
    shapes.put(name, List.of(shape));
    return this;
  }

  /** The same with every name changed. */
  ForeignFile renamed(UnaryOperator<String> to) {
    ForeignFile file = new ForeignFile();
    values.forEach((name, some) -> file.put(to.apply(name), shape(name), some));
    return file;
  }

  /** Cuts the rows of {@code name} into equal parts. */
  ForeignFile split(String name, String... parts) {
    float[] all = values(name);
    List<Integer> shape = new ArrayList<>(shape(name));
    shape.set(0, shape.getFirst() / parts.length);
    int length = all.length / parts.length;
    for (int i = 0; i < parts.length; i++) {
      put(parts[i], List.copyOf(shape), Arrays.copyOfRange(all, i * length, (i + 1) * length));
    }
    return drop(name);
  }

  /** Turns a matrix round. */
  ForeignFile transpose(String name) {
    int rows = shape(name).get(0);
    int columns = shape(name).get(1);
    float[] from = values(name);
    float[] to = new float[from.length];
    for (int i = 0; i < from.length; i++) {
      to[i % columns * rows + i / columns] = from[i];
    }
    return put(name, List.of(columns, rows), to);
  }

  List<String> names() {
    return List.copyOf(values.keySet());
  }

  /** Writes the file. */
  Path write(Path to) throws IOException {
    List<TensorSpec> tensors =
        values.keySet().stream().map(name -> new TensorSpec(name, shape(name))).toList();
    ParameterLayout layout = ParameterLayout.of(tensors);
    try (SafetensorsWriter out = SafetensorsWriter.create(to, layout, Map.of())) {
      for (float[] some : values.values()) {
        out.write(some, 0, some.length);
      }
      var _ = out.finish(false);
    }
    return to;
  }

  /** One tensor of a source. */
  static float[] read(ParameterSource source, String name) throws IOException {
    List<String> names = source.layout().tensors().stream().map(TensorSpec::name).toList();
    int tensor = names.indexOf(name);
    float[] some = new float[(int) source.layout().tensors().get(tensor).length()];
    source.read(source.layout().offset(tensor), some, 0, some.length);
    return some;
  }
}
