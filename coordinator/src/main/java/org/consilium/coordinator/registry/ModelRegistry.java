package org.consilium.coordinator.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.keyfile.DurableFolder;

/**
 * Published parameters, each a safetensors file named by its SHA-256. A file holds nothing that
 * depends on time or on a key: the same study makes the same bytes anywhere. Where coordinators
 * share a store, a version is in it when it is published, and the folder is a cache of it. Safe for
 * use by many threads, one publisher for each study.
 */
public final class ModelRegistry {
  private static final String SUFFIX = ".safetensors";
  private static final String WHOLE = ".whole.safetensors";

  private static final String SHARED = "models/";

  private final Path folder;
  private final Optional<Blobs> shared;
  private final Set<String> stored = new HashSet<>();

  /** Held by the one that fetches a file: its copies are as long as a model. */
  private final Map<Path, Object> turns = new ConcurrentHashMap<>();

  private ModelRegistry(Path folder, Optional<Blobs> shared) throws IOException {
    this.folder = folder;
    this.shared = shared;
    if (shared.isPresent()) {
      shared.get().list(SHARED, e -> stored.add(e.key()));
    }
  }

  /** Opens a folder of models; creates it when it is not there. */
  public static ModelRegistry open(Path folder) throws IOException {
    return open(folder, Optional.empty());
  }

  /** The same, before a store that other coordinators see. */
  public static ModelRegistry open(Path folder, Optional<Blobs> shared) throws IOException {
    return new ModelRegistry(DurableFolder.create(folder), shared);
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
    R write(Writers out) throws X, IOException;
  }

  /**
   * Where a version goes.
   *
   * @param parameters takes the parameters
   * @param moments take what the aggregation rule remembers, vectors in the parameters' layout
   */
  public record Writers(SafetensorsWriter parameters, List<SafetensorsWriter> moments) {
    public Writers {
      moments = List.copyOf(moments);
    }
  }

  /**
   * A version that is on disk.
   *
   * @param fileBytes length of the file
   * @param made what the body returned
   * @param moments SHA-256 of the files of the rule's moments
   */
  public record Stored<R>(ModelVersion version, long fileBytes, R made, List<Digest> moments) {
    public Stored {
      moments = List.copyOf(moments);
    }
  }

  /**
   * Writes a version, and {@code moments} vectors that belong to it; durable, and under their own
   * names, when this returns. The vectors get their names first, so that a version that is there
   * has all that belongs to it.
   */
  public <R, X extends Exception> Stored<R> publish(
      ParameterLayout layout, Lineage lineage, int moments, Body<R, X> body) throws X, IOException {
    String study = lineage.plan().study().value();
    Path draft = folder.resolve("draft-" + study + SUFFIX);
    List<Path> drafts = new ArrayList<>();
    List<SafetensorsWriter> writers = new ArrayList<>();
    try (SafetensorsWriter out = SafetensorsWriter.create(draft, layout, lineage.metadata())) {
      for (int m = 0; m < moments; m++) {
        drafts.add(folder.resolve("draft-%s.moment%d%s".formatted(study, m, SUFFIX)));
        writers.add(SafetensorsWriter.create(drafts.get(m), layout, Map.of()));
      }
      R made = body.write(new Writers(out, writers));
      ModelVersion version = new ModelVersion(out.finish());
      List<Digest> digests = new ArrayList<>();
      for (int m = 0; m < moments; m++) {
        digests.add(writers.get(m).finish());
        rename(drafts.get(m), moment(version, m));
      }
      long bytes = Files.size(draft);
      FailPoint.MODEL_COMPUTED.reach();
      rename(draft, path(version));
      DurableFolder.force(folder);
      FailPoint.MODEL_STORED.reach();
      for (int m = 0; m < moments; m++) {
        share(moment(version, m));
      }
      share(path(version));
      return new Stored<>(version, bytes, made, digests);
    } finally {
      for (SafetensorsWriter writer : writers) {
        writer.close();
      }
    }
  }

  /** Writes starting parameters. */
  public Stored<Boolean> publish(ParameterSource parameters, Lineage lineage) throws IOException {
    ParameterLayout layout = parameters.layout();
    return this.<Boolean, IOException>publish(
        layout,
        lineage,
        0,
        out -> {
          out.parameters().write(parameters);
          return true;
        });
  }

  /**
   * The file of a version, if it is kept.
   *
   * @throws IOException if the store fails, or holds other bytes under its name
   */
  public Optional<Path> find(ModelVersion version) throws IOException {
    Path file = path(version);
    boolean here = Files.isRegularFile(file) || provided(file, version.digest());
    return here ? Optional.of(file) : Optional.empty();
  }

  /**
   * The parameters of a version; the caller closes them. All bytes are read first: what would be
   * made of others could not be told from an honest model any more. A copy that is damaged is
   * replaced by the shared store's.
   *
   * @throws IOException if it is not kept, or every copy is another file
   */
  public SafetensorsFile parameters(ModelVersion version) throws IOException {
    Path file =
        find(version)
            .orElseThrow(() -> new IOException("open model " + version + ": it is not kept"));
    Digest found = Digest.sha256(file);
    if (!found.equals(version.digest()) && !healed(file, version.digest())) {
      throw new IOException(
          "open model %s: its file %s holds %s; put the file of a backup in its place"
              .formatted(version, file, found.brief()));
    }
    return SafetensorsFile.open(file);
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
      out.write(model);
      var _ = out.finish();
      rename(draft, whole(version));
      return whole(version);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /**
   * What the aggregation rule remembered beside a version; the caller closes it.
   *
   * @param index which of the rule's moments
   * @param digest SHA-256 that the file must have
   * @throws IOException if it is not kept, or is another
   */
  public SafetensorsFile moment(ModelVersion version, int index, Digest digest) throws IOException {
    Path file = moment(version, index);
    boolean _ = Files.exists(file) || provided(file, digest);
    Digest found = Digest.sha256(file);
    if (!found.equals(digest)) {
      throw new IOException(
          "open optimiser state %d of model %s: it is %s, the journal says %s"
              .formatted(index, version, found.brief(), digest.brief()));
    }
    return SafetensorsFile.open(file);
  }

  /** Removes the moments beside a version; the version itself stays. */
  public void dropMoments(ModelVersion version, int count) throws IOException {
    for (int m = 0; m < count; m++) {
      remove(moment(version, m));
    }
  }

  /** Removes a version's files, if they are there. */
  public void drop(ModelVersion version) throws IOException {
    remove(path(version));
    Files.deleteIfExists(RunningDigests.beside(path(version)));
    Files.deleteIfExists(whole(version));
  }

  /** Bytes that can still be written. */
  public long usableBytes() throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  private void share(Path file) throws IOException {
    if (shared.isPresent()) {
      shared.get().put(key(file), file);
      synchronized (stored) {
        stored.add(key(file));
      }
    }
  }

  /** Brings a file that is not here, once for all who ask; false if it is not there either. */
  private boolean provided(Path file, Digest digest) throws IOException {
    if (shared.isEmpty() || shared.get().size(key(file)).isEmpty()) {
      return false; // a foundation, for example: nobody waits for another's look
    }
    synchronized (turn(file)) {
      return Files.isRegularFile(file) || fetch(file, digest, shared.get());
    }
  }

  /** Brings a whole file in place of one that is damaged, once for all who find it so. */
  private boolean healed(Path file, Digest digest) throws IOException {
    if (shared.isEmpty()) {
      return false;
    }
    synchronized (turn(file)) {
      return Digest.sha256(file).equals(digest) || fetch(file, digest, shared.get());
    }
  }

  private Object turn(Path file) {
    return turns.computeIfAbsent(file, _ -> new Object());
  }

  private boolean fetch(Path file, Digest digest, Blobs store) throws IOException {
    Path draft = Files.createTempFile(folder, "fetched-", ".part");
    try {
      if (!store.fetch(key(file), draft)) {
        return false;
      }
      Digest found = Digest.sha256(draft);
      if (!found.equals(digest)) {
        throw new IOException(
            "fetch %s: it is %s, the journal says %s"
                .formatted(key(file), found.brief(), digest.brief()));
      }
      rename(draft, file);
      return true;
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private void remove(Path file) throws IOException {
    Files.deleteIfExists(file);
    var _ = turns.remove(file);
    if (shared.isPresent()) {
      synchronized (stored) {
        if (stored.contains(key(file))) {
          shared.get().delete(key(file));
          stored.remove(key(file));
        }
      }
    }
  }

  private static String key(Path file) {
    return SHARED + file.getFileName();
  }

  private Path whole(ModelVersion version) {
    return folder.resolve(version.digest().hex() + WHOLE);
  }

  /** What a version's file is called in the registry's folder. */
  public static String fileName(ModelVersion version) {
    return version.digest().hex() + SUFFIX;
  }

  /** What the file of a moment beside a version is called there. */
  public static String momentName(ModelVersion version, int index) {
    return "%s.moment%d%s".formatted(version.digest().hex(), index, SUFFIX);
  }

  private Path path(ModelVersion version) {
    return folder.resolve(fileName(version));
  }

  private Path moment(ModelVersion version, int index) {
    return folder.resolve(momentName(version, index));
  }

  private static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
