package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.tune.Merged;

/**
 * The model that this site trained on its own data alone, with the number of the round that it has
 * reached. It is written whole or not at all, and stays at the site.
 *
 * @param path the file, {@code local-only.safetensors} in the study's folder
 */
public record LocalOnlyModel(Path path) {
  private static final String ROUND = "round";

  /** The local-only model of the study whose folder is given; it need not exist yet. */
  public static LocalOnlyModel in(Path studyFolder) {
    return new LocalOnlyModel(studyFolder.resolve("local-only.safetensors"));
  }

  /** The round that it has reached; 0 if there is none. */
  public int round() throws IOException {
    if (!Files.exists(path)) {
      return 0;
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return Integer.parseInt(file.metadata().getOrDefault(ROUND, "0"));
    } catch (NumberFormatException damaged) {
      throw new IOException("read local-only model: its round is no number", damaged);
    }
  }

  /**
   * The model as it stands, in the engine's memory, with the study's starting values if there is
   * none; the caller closes it.
   */
  LocalModel open(StudyModel study, EngineSettings settings) throws IOException {
    LocalModel model = study.start(settings);
    if (Files.exists(path)) {
      try (SafetensorsFile file = SafetensorsFile.open(parts(model))) {
        model.load(file);
      } catch (IOException | RuntimeException failure) {
        model.close();
        throw failure;
      }
    }
    return model;
  }

  /**
   * Writes the model as a whole one; if it has adapters, their parts before it, from which training
   * goes on.
   */
  void write(LocalModel model, ModelSheet sheet, int round) throws IOException {
    Files.createDirectories(path.toAbsolutePath().getParent());
    Map<String, String> metadata = new TreeMap<>(sheet.metadata());
    metadata.put(ROUND, Integer.toString(round));
    if (!parts(model).equals(path)) {
      write(parts(model), model, metadata);
    }
    write(path, new Merged(model.set(), model, List.of()), metadata);
  }

  private Path parts(LocalModel model) {
    boolean adapted = !model.layout().equals(model.architecture().layout());
    return adapted ? path.resolveSibling("local-only-parts.safetensors") : path;
  }

  private static void write(Path to, ParameterSource parameters, Map<String, String> metadata)
      throws IOException {
    try (SafetensorsWriter writer = SafetensorsWriter.create(to, parameters.layout(), metadata)) {
      writer.write(parameters);
      var _ = writer.finish();
    }
  }
}
