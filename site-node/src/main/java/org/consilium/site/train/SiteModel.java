package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.tune.Merged;
import org.consilium.security.keyfile.DurableFolder;

/**
 * A model of a study that belongs to this site, with the number of the round that it has reached.
 * It is written whole or not at all, and stays at the site.
 *
 * @param path the file in the study's folder
 */
public record SiteModel(Path path) {
  private static final String ROUND = "round";
  private static final String SUFFIX = ".safetensors";

  /** What the site trained on its own data alone; it need not exist yet. */
  public static SiteModel alone(Path studyFolder) {
    return new SiteModel(studyFolder.resolve("local-only" + SUFFIX));
  }

  /** What the site made for itself beside the shared model; it need not exist yet. */
  public static SiteModel personal(Path studyFolder) {
    return new SiteModel(studyFolder.resolve("personal" + SUFFIX));
  }

  /** What the site keeps for its own use; it need not exist yet. */
  public static SiteModel kept(Path studyFolder) {
    return new SiteModel(studyFolder.resolve("kept" + SUFFIX));
  }

  /** The round that it has reached; 0 if there is none. */
  public int round() throws IOException {
    if (!Files.exists(path)) {
      return 0;
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return Integer.parseInt(file.metadata().getOrDefault(ROUND, "0"));
    } catch (NumberFormatException damaged) {
      throw new IOException("read %s: its round is no number".formatted(name()), damaged);
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
  public void write(LocalModel model, ModelSheet sheet, int round) throws IOException {
    Files.createDirectories(path.toAbsolutePath().getParent());
    Map<String, String> metadata = new TreeMap<>(sheet.metadata());
    metadata.put(ROUND, Integer.toString(round));
    if (!parts(model).equals(path)) {
      var _ = SafetensorsWriter.save(parts(model), model, metadata);
    }
    var _ = SafetensorsWriter.save(path, new Merged(model.set(), model, List.of()), metadata);
  }

  /** Becomes a copy of {@code other}, whole or not at all. */
  public void copy(SiteModel other) throws IOException {
    Path draft = path.resolveSibling("." + name() + ".new");
    Files.copy(other.path, draft, StandardCopyOption.REPLACE_EXISTING);
    DurableFolder.forceFile(draft);
    Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DurableFolder.force(path.toAbsolutePath().resolveSibling(".").normalize());
  }

  private String name() {
    return String.valueOf(path.getFileName());
  }

  private Path parts(LocalModel model) {
    boolean adapted = !model.layout().equals(model.architecture().layout());
    return adapted ? path.resolveSibling(name().replace(SUFFIX, "-parts" + SUFFIX)) : path;
  }
}
