package org.consilium.site.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.params.MalformedSafetensors;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.security.keyfile.KeyFile;

/**
 * The plain delta of the last training of a study, on disk until its update is in a sum: one that
 * came too late for its round is protected again, for a later round. It never leaves as it is. Its
 * SHA-256 stands beside it: a flipped bit of an exponent would be clipped to an update of the full
 * norm in a direction that nobody trained.
 */
public final class KeptDelta {
  private static final String NAME = "kept-delta.safetensors";
  private static final String CHECKSUM = "kept-delta.sha256";

  private final Path file;
  private final Path checksum;

  private KeptDelta(Path file, Path checksum) {
    this.file = file;
    this.checksum = checksum;
  }

  /** That of a study. */
  public static KeptDelta in(Path studyFolder) {
    return new KeptDelta(studyFolder.resolve(NAME), studyFolder.resolve(CHECKSUM));
  }

  /**
   * Where a delta comes from.
   *
   * @param study digest of the plan that it was trained under
   * @param round the round
   * @param base the version that it starts from
   * @param layout digest of its names and shapes
   */
  public record Origin(Digest study, int round, ModelVersion base, Digest layout) {}

  /** Keeps a delta; durable when this returns. What was kept before is gone. */
  public void keep(TrainingResult.Trained trained, RoundTask task) throws IOException {
    Digest digest =
        SafetensorsWriter.save(
            file,
            trained.delta(),
            Map.of(
                "study", task.studyDigest().hex(),
                "round", String.valueOf(task.round()),
                "base", task.model().version().digest().hex(),
                "loss", Double.toHexString(trained.loss()),
                "steps", String.valueOf(trained.steps())));
    KeyFile.replace(checksum, text(digest)); // a crash before this costs a training, no more
  }

  /** Where the kept delta comes from; empty if there is none, or none that can be read. */
  public Optional<Origin> origin() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (SafetensorsFile kept = SafetensorsFile.open(file)) {
      return Optional.of(
          new Origin(
              Digest.parse(text(kept, "study")),
              Integer.parseInt(text(kept, "round")),
              new ModelVersion(Digest.parse(text(kept, "base"))),
              kept.layout().digest()));
    } catch (MalformedSafetensors | IllegalArgumentException damaged) {
      return Optional.empty(); // it is trained again
    }
  }

  /**
   * Whether the file has the very bytes that were kept; reads all of them. One without a checksum
   * has not.
   */
  public boolean intact() throws IOException {
    return Files.exists(file)
        && Files.exists(checksum)
        && Files.size(checksum) == 2L * Digest.BYTES
        && Arrays.equals(Files.readAllBytes(checksum), text(Digest.sha256(file)));
  }

  /** The kept delta, as training gave it. Close it when it has been protected. */
  public TrainingResult.Trained open() throws IOException {
    SafetensorsFile kept = SafetensorsFile.open(file);
    ParameterSource nothing = zero(kept);
    return new TrainingResult.Trained(
        Delta.between(kept, nothing),
        Double.parseDouble(text(kept, "loss")),
        Integer.parseInt(text(kept, "steps")),
        Optional.empty(),
        kept::close);
  }

  /** Forgets it. */
  public void drop() throws IOException {
    Files.deleteIfExists(file);
    Files.deleteIfExists(checksum);
  }

  private static byte[] text(Digest digest) {
    return digest.hex().getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(SafetensorsFile kept, String key) {
    return kept.metadata().getOrDefault(key, "");
  }

  /** x − 0 is x, bit for bit. */
  private static ParameterSource zero(SafetensorsFile like) {
    return new ParameterSource() {
      @Override
      public org.consilium.models.params.ParameterLayout layout() {
        return like.layout();
      }

      @Override
      public void read(long offset, float[] into, int at, int length) {
        java.util.Arrays.fill(into, at, at + length, 0f);
      }
    };
  }
}
