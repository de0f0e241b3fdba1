package org.consilium.models.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;

/**
 * Trained parameters that come with this program.
 *
 * @param foundation name, digest and length
 * @param architecture what they belong to
 * @param licence terms, one line
 */
public record Bundled(Foundation foundation, String architecture, String licence) {
  private static final List<Bundled> ALL =
      List.of(
          new Bundled(
              foundation(
                  "consilium-vit-mini",
                  "1c45774fd480661489020f0aa70405f63dbeab2345f869ad350425c668196d76",
                  1_042_424),
              "vit-mini-avg",
              "Apache-2.0; made from the slices of NOTICE-colin27.txt"));

  /** All of them. */
  public static List<Bundled> all() {
    return ALL;
  }

  /** The one of that digest. */
  public static Optional<Bundled> find(ModelVersion version) {
    return ALL.stream().filter(b -> b.foundation().version().equals(version)).findFirst();
  }

  /** The one of that name. */
  public static Optional<Bundled> find(String name) {
    return ALL.stream().filter(b -> b.foundation().name().equals(name)).findFirst();
  }

  /** The file's bytes; the caller closes it. */
  public InputStream open() throws IOException {
    String name = foundation.name() + ".safetensors";
    InputStream in = Bundled.class.getResourceAsStream(name);
    if (in == null) {
      throw new IOException("open bundled parameters %s: not in this program".formatted(name));
    }
    return in;
  }

  /** Writes the file; one that is there is replaced. */
  public void copyTo(Path file) throws IOException {
    try (InputStream in = open()) {
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  static Foundation foundation(String name, String digest, long bytes) {
    return new Foundation(name, new ModelVersion(new Digest(digest)), bytes);
  }
}
