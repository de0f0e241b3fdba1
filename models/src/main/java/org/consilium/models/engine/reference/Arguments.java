package org.consilium.models.engine.reference;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/** Constructor arguments by name, with what the constructor takes where one is missing. */
record Arguments(JsonObject values) {
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

  int whole(String name, int otherwise) {
    return (int) read(name, otherwise);
  }

  double real(String name, double otherwise) {
    return read(name, otherwise);
  }

  boolean flag(String name, boolean otherwise) {
    return found(name).map(JsonElement::getAsBoolean).orElse(otherwise);
  }

  String text(String name, String otherwise) {
    return found(name).map(JsonElement::getAsString).orElse(otherwise);
  }

  /** Empty if it is missing or null. */
  OptionalDouble real(String name) {
    return found(name).stream().mapToDouble(JsonElement::getAsDouble).findFirst();
  }

  /** Height and width, given as one number or two. */
  int[] size(String name, int otherwise) {
    Optional<JsonElement> found = found(name);
    if (found.isPresent() && found.get().isJsonArray()) {
      JsonArray pair = found.get().getAsJsonArray();
      if (pair.size() != 2) {
        throw new IllegalArgumentException("argument %s: two sizes needed".formatted(name));
      }
      return new int[] {pair.get(0).getAsInt(), pair.get(1).getAsInt()};
    }
    int edge = whole(name, otherwise);
    return new int[] {edge, edge};
  }

  private double read(String name, double otherwise) {
    return found(name).map(JsonElement::getAsDouble).orElse(otherwise);
  }

  private Optional<JsonElement> found(String name) {
    return Optional.ofNullable(values.get(name)).filter(value -> !value.isJsonNull());
  }
}
