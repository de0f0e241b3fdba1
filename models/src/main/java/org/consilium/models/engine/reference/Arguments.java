package org.consilium.models.engine.reference;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/** Constructor arguments by name, with what the constructor takes where one is missing. */
record Arguments(JsonObject values) {
  private static final int LAYERS_MAX = 1000;
  private static final int SIZE_MAX = 1 << 20;

  /**
   * Refuses arguments that would be passed over in silence.
   *
   * @throws IllegalArgumentException with their names
   */
  void requireOnly(Set<String> known) {
    Set<String> unknown = new TreeSet<>(values.keySet());
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("its arguments %s are not supported".formatted(unknown));
    }
  }

  /** The same of any element of a list; an object is expected. */
  static Arguments of(JsonElement element) {
    if (!element.isJsonObject()) {
      throw new IllegalArgumentException("an object is expected where it has " + element);
    }
    return new Arguments(element.getAsJsonObject());
  }

  boolean has(String name) {
    return found(name).isPresent();
  }

  /** The object under a name that must be there. */
  Arguments part(String name) {
    return of(required(name));
  }

  /** The list under a name that must be there. */
  List<JsonElement> list(String name) {
    JsonElement list = required(name);
    if (!list.isJsonArray()) {
      throw new IllegalArgumentException("%s must be a list".formatted(name));
    }
    return list.getAsJsonArray().asList();
  }

  /** The numbers under a name that must be there. */
  List<Double> numbers(String name) {
    return list(name).stream().map(value -> number(name, value)).toList();
  }

  int whole(String name, int otherwise) {
    double value = read(name, otherwise);
    return whole(name, value);
  }

  /** A count or a size: no model that anybody can open here has larger ones. */
  static int whole(String name, double value) {
    int most = name.contains("depth") || name.contains("layers") ? LAYERS_MAX : SIZE_MAX;
    if (value != Math.rint(value) || Math.abs(value) > most) {
      throw new IllegalArgumentException(
          "%s must be a whole number, at most %d, got %s".formatted(name, most, value));
    }
    return (int) value;
  }

  double real(String name, double otherwise) {
    return read(name, otherwise);
  }

  boolean flag(String name, boolean otherwise) {
    return found(name).map(value -> primitive(name, value).getAsBoolean()).orElse(otherwise);
  }

  String text(String name, String otherwise) {
    return found(name).map(value -> primitive(name, value).getAsString()).orElse(otherwise);
  }

  /** Empty if it is missing or null. */
  OptionalDouble real(String name) {
    return found(name).stream().mapToDouble(value -> number(name, value)).findFirst();
  }

  /** Height and width, given as one number or two. */
  int[] size(String name, int otherwise) {
    Optional<JsonElement> found = found(name);
    if (found.isPresent() && found.get().isJsonArray()) {
      List<JsonElement> pair = list(name);
      if (pair.size() != 2) {
        throw new IllegalArgumentException("%s must have two sizes".formatted(name));
      }
      return new int[] {(int) number(name, pair.get(0)), (int) number(name, pair.get(1))};
    }
    int edge = whole(name, otherwise);
    return new int[] {edge, edge};
  }

  private double read(String name, double otherwise) {
    return real(name).orElse(otherwise);
  }

  private static double number(String name, JsonElement value) {
    try {
      return primitive(name, value).getAsDouble();
    } catch (NumberFormatException text) {
      throw new IllegalArgumentException("%s must be a number".formatted(name), text);
    }
  }

  private static JsonPrimitive primitive(String name, JsonElement value) {
    if (!value.isJsonPrimitive()) {
      throw new IllegalArgumentException("%s must be a single value".formatted(name));
    }
    return value.getAsJsonPrimitive();
  }

  private JsonElement required(String name) {
    return found(name)
        .orElseThrow(() -> new IllegalArgumentException("its configuration has no " + name));
  }

  private Optional<JsonElement> found(String name) {
    return Optional.ofNullable(values.get(name)).filter(value -> !value.isJsonNull());
  }
}
