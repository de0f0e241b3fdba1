package org.consilium.security;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Known answers, in folders by subject; the system property {@code consilium.vectors} names another
 * place of these folders.
 */
public final class Vectors {
  private Vectors() {}

  /** A file of the folder {@code crypto}. */
  public static JsonNode read(String name) {
    return read("crypto", name);
  }

  /** A file of any folder. */
  public static JsonNode read(String folder, String name) {
    String elsewhere = System.getProperty("consilium.vectors", "");
    try (InputStream in =
        elsewhere.isEmpty()
            ? Vectors.class.getResourceAsStream("/vectors/%s/%s".formatted(folder, name))
            : Files.newInputStream(Path.of(elsewhere, folder, name))) {
      return new ObjectMapper().readTree(in);
    } catch (IOException missing) {
      throw new UncheckedIOException(missing);
    }
  }

  public static byte[] hex(JsonNode node, String field) {
    return HexFormat.of().parseHex(node.path(field).asText());
  }
}
