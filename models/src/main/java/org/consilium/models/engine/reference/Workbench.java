package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.consilium.models.arch.Trace;
import org.consilium.models.arch.Weights;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.TensorSpec;

/** One folder on the bench: its files as arrays, and what was compared so far. */
final class Workbench {
  private static final long CONFIG_BYTES_MAX = 4 << 20;

  private final Path folder;
  private final JsonObject config;
  private final NDManager manager;
  private final List<Comparison> compared = new ArrayList<>();

  private Workbench(Path folder, JsonObject config, NDManager manager) {
    this.folder = folder;
    this.config = config;
    this.manager = manager;
  }

  static Workbench open(Path folder, NDManager manager) throws IOException {
    Path file = folder.resolve("config.json");
    if (Files.size(file) > CONFIG_BYTES_MAX) {
      throw new IOException("read %s: more than %d bytes".formatted(file, CONFIG_BYTES_MAX));
    }
    try {
      JsonElement root = JsonParser.parseString(Files.readString(file, StandardCharsets.UTF_8));
      return new Workbench(folder, root.getAsJsonObject(), manager);
    } catch (JsonParseException | IllegalStateException notJson) {
      throw new IOException("read %s: not a JSON object".formatted(file), notJson);
    }
  }

  /** The configuration. */
  Arguments values() {
    return new Arguments(config);
  }

  /** The configuration's {@code arguments}; empty if it has none. */
  Arguments arguments() {
    return values().has("arguments") ? values().part("arguments") : new Arguments(new JsonObject());
  }

  JsonObject config() {
    return config;
  }

  NDManager manager() {
    return manager;
  }

  boolean has(String file) {
    return Files.isRegularFile(folder.resolve(file));
  }

  /** The tolerance of the folder. */
  double tolerance() {
    double tolerance = values().real("tolerance", Double.NaN);
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new IllegalArgumentException("its configuration states no tolerance between 0 and 1");
    }
    return tolerance;
  }

  SafetensorsFile open(String file) throws IOException {
    return SafetensorsFile.open(folder.resolve(file));
  }

  /** Where a file of the folder is. */
  Path file(String name) {
    return folder.resolve(name);
  }

  /** All tensors of a file as float32 arrays of the bench's manager. */
  Map<String, NDArray> arrays(String file) throws IOException {
    try (SafetensorsFile source = open(file)) {
      return arrays(source);
    }
  }

  /** The same of any source. */
  Map<String, NDArray> arrays(ParameterSource source) throws IOException {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (int t = 0; t < source.layout().tensors().size(); t++) {
      TensorSpec tensor = source.layout().tensors().get(t);
      float[] values = new float[Math.toIntExact(tensor.length())];
      source.read(source.layout().offset(t), values, 0, values.length);
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      arrays.put(tensor.name(), manager.create(values, new Shape(shape)));
    }
    return arrays;
  }

  /**
   * The weights of a model, checked name by name.
   *
   * @throws IllegalArgumentException if one is missing, left over or has another shape
   */
  Weights weights(ParameterLayout layout, Map<String, NDArray> arrays) {
    List<String> wrong = new ArrayList<>();
    Set<String> left = new LinkedHashSet<>(arrays.keySet());
    for (TensorSpec tensor : layout.tensors()) {
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      NDArray found = arrays.get(tensor.name());
      if (found == null) {
        wrong.add(tensor.name() + " is missing");
      } else if (!found.getShape().equals(new Shape(shape))) {
        wrong.add(
            "%s is %s instead of %s".formatted(tensor.name(), found.getShape(), tensor.shape()));
      }
      left.remove(tensor.name());
    }
    left.forEach(name -> wrong.add(name + " is left over"));
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException(
          "%d of its tensors do not fit the configuration: %s"
              .formatted(
                  wrong.size(), String.join(", ", wrong.subList(0, Math.min(10, wrong.size())))));
    }
    return Weights.of(arrays);
  }

  /** All tensors of a file in double precision. */
  Map<String, SafetensorsFile.Doubles> doubles(String file) throws IOException {
    return SafetensorsFile.doubles(folder.resolve(file));
  }

  /** A recorded tensor that must be there. */
  <T> T required(Map<String, T> recorded, String name) {
    T found = recorded.get(name);
    if (found == null) {
      throw new IllegalArgumentException("it records no tensor " + name);
    }
    return found;
  }

  /**
   * Refuses a folder that records more than was compared, but for its inputs.
   *
   * @throws IllegalArgumentException with the names
   */
  void requireCompared(Set<String> recorded, String... inputs) {
    Set<String> open = new TreeSet<>(recorded);
    compared.forEach(each -> open.remove(each.output()));
    open.removeAll(Set.of(inputs));
    if (!open.isEmpty()) {
      throw new IllegalArgumentException("it records %s, which nothing compares".formatted(open));
    }
  }

  /** Compares with the folder's own tolerance. */
  void compare(String output, NDArray ours, NDArray expected) {
    compare(output, ours, expected, tolerance());
  }

  void compare(String output, NDArray ours, NDArray expected, double tolerance) {
    double difference =
        ours.getShape().equals(expected.getShape())
            ? difference(ours.toFloatArray(), expected.toFloatArray())
            : Double.POSITIVE_INFINITY;
    compared.add(new Comparison(output, difference, tolerance));
  }

  void compare(String output, float[] ours, float[] expected, double tolerance) {
    double difference =
        ours.length == expected.length ? difference(ours, expected) : Double.POSITIVE_INFINITY;
    compared.add(new Comparison(output, difference, tolerance));
  }

  /** Double precision with the folder's own tolerance. */
  void compare(String output, double[] ours, SafetensorsFile.Doubles expected) {
    double most = ours.length == expected.values().length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < ours.length && most < Double.POSITIVE_INFINITY; i++) {
      most = Math.max(most, Math.abs(ours[i] - expected.values()[i]));
    }
    compared.add(new Comparison(output, most, tolerance()));
  }

  void compare(String output, double ours, double expected) {
    compare(output, ours, expected, tolerance());
  }

  void compare(String output, double ours, double expected, double tolerance) {
    compared.add(new Comparison(output, Math.abs(ours - expected), tolerance));
  }

  /** A trace that compares every value that {@code expected} knows by name. */
  Trace against(Map<String, NDArray> expected) {
    return (name, value) -> {
      NDArray recorded = expected.get(name);
      if (recorded != null) {
        compare(name, value, recorded);
      }
    };
  }

  List<Comparison> compared() {
    return List.copyOf(compared);
  }

  private static double difference(float[] ours, float[] expected) {
    double most = 0;
    for (int i = 0; i < ours.length; i++) {
      double difference = Math.abs((double) ours[i] - expected[i]);
      // Once it is NaN it stays: Math.max keeps it.
      most = ours[i] == expected[i] ? most : Math.max(most, difference);
    }
    return most;
  }
}
