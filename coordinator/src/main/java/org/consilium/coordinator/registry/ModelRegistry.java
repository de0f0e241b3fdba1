package org.consilium.coordinator.registry;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan;

/**
 * Published parameters, each a safetensors file named by its SHA-256. A file holds nothing that
 * depends on time or on a key: the same study makes the same bytes anywhere. Safe for use by many
 * threads, one publisher for each study.
 */
public final class ModelRegistry {
  private static final String SUFFIX = ".safetensors";
  private static final String WHOLE = ".whole.safetensors";
  private static final int COPY_VALUES = 1 << 16;

  private final Path folder;

  private ModelRegistry(Path folder) {
    this.folder = folder;
  }

  /** Opens a folder of models; creates it when it is not there. */
  public static ModelRegistry open(Path folder) throws IOException {
    return new ModelRegistry(Files.createDirectories(folder));
  }

  /**
   * Where a version comes from, and what one must know to use it.
   *
   * @param plan the study's; its {@link ModelSheet} goes into the file
   * @param round the round that made it, 0 for starting parameters
   * @param parent the version it was made from
   */
  public record Lineage(StudyPlan plan, int round, Optional<ModelVersion> parent) {
    private Map<String, String> metadata() {
      Map<String, String> metadata = new TreeMap<>(ModelSheet.of(plan).metadata());
      metadata.put("format", "pt");
      metadata.put("study", plan.study().value());
      metadata.put("round", Integer.toString(round));
      metadata.put("parent", parent.map(ModelVersion::toString).orElse(""));
      return metadata;
    }
  }

  /** Writes all parameters in layout order; may return what it learned on the way. */
  @FunctionalInterface
  public interface Body<R, X extends Exception> {
    R write(SafetensorsWriter out) throws X, IOException;
  }

  /**
   * A version that is on disk.
   *
   * @param fileBytes length of the file
   * @param made what the body returned
   */
  public record Stored<R>(ModelVersion version, long fileBytes, R made) {}

  /** Writes a version; durable, and under its own name, when this returns. */
  public <R, X extends Exception> Stored<R> publish(
      ParameterLayout layout, Lineage lineage, Body<R, X> body) throws X, IOException {
    Path draft = folder.resolve("draft-" + lineage.plan().study() + SUFFIX);
    try (SafetensorsWriter out = SafetensorsWriter.create(draft, layout, lineage.metadata())) {
      R made = body.write(out);
      ModelVersion version = new ModelVersion(out.finish());
      long bytes = Files.size(draft);
      Files.move(
          draft,
          path(version),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      force();
      return new Stored<>(version, bytes, made);
    }
  }

  /** Writes starting parameters. */
  public Stored<Boolean> publish(ParameterSource parameters, Lineage lineage) throws IOException {
    ParameterLayout layout = parameters.layout();
    return this.<Boolean, IOException>publish(
        layout,
        lineage,
        out -> {
          copy(parameters, out);
          return true;
        });
  }

  private static void copy(ParameterSource from, SafetensorsWriter to) throws IOException {
    float[] block = new float[COPY_VALUES];
    for (long at = 0; at < from.layout().length(); at += block.length) {
      int length = (int) Math.min(block.length, from.layout().length() - at);
      from.read(at, block, 0, length);
      to.write(block, 0, length);
    }
  }

  /** The file of a version, if it is kept. */
  public Optional<Path> find(ModelVersion version) {
    Path file = path(version);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** The parameters of a version; the caller closes them. */
  public SafetensorsFile parameters(ModelVersion version) throws IOException {
    return SafetensorsFile.open(
        find(version)
            .orElseThrow(() -> new IOException("open model " + version + ": it is not kept")));
  }

  /** The whole model made of a version that holds trained tensors alone, if it was made. */
  public Optional<Path> findWhole(ModelVersion version) {
    Path file = whole(version);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** Keeps a whole model beside its version, for as long as that is kept. */
  public Path keepWhole(ModelVersion version, ParameterSource model, Map<String, String> metadata)
      throws IOException {
    Path draft = Files.createTempFile(folder, "whole-", ".part");
    try (SafetensorsWriter out = SafetensorsWriter.create(draft, model.layout(), metadata)) {
      copy(model, out);
      var _ = out.finish();
      Files.move(
          draft,
          whole(version),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      return whole(version);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /** Removes a version's files, if they are there. */
  public void drop(ModelVersion version) throws IOException {
    Files.deleteIfExists(path(version));
    Files.deleteIfExists(whole(version));
  }

  /** Bytes that can still be written. */
  public long usableBytes() throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  private Path whole(ModelVersion version) {
    return folder.resolve(version.digest().hex() + WHOLE);
  }

  private Path path(ModelVersion version) {
    Digest digest = version.digest();
    return folder.resolve(digest.hex() + SUFFIX);
  }

  private void force() throws IOException {
    if (folder.getFileSystem().getSeparator().equals("\\")) {
      return; // Windows cannot open a folder; its move is durable by itself
    }
    try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
      opened.force(true);
    }
  }
}
