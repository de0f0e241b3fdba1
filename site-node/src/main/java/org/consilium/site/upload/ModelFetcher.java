package org.consilium.site.upload;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Failures;
import org.consilium.site.session.Halt;

/**
 * Brings published models here. A file is named by its SHA-256 and gets that name only when its
 * bytes have it; a cut transfer goes on where it stopped, also in a later process. The last few are
 * kept.
 */
public final class ModelFetcher {
  private final CoordinatorLink link;
  private final ModelCache cache;
  private final Persistence persistence;

  /**
   * For one coordinator.
   *
   * @param folder where models are kept
   * @param noProgress how long nothing may move before the transfer is put off
   */
  public ModelFetcher(
      CoordinatorLink link, Path folder, Backoff backoff, InstantSource clock, Duration noProgress)
      throws IOException {
    this(link, ModelCache.open(folder), new Persistence(link, backoff, clock, noProgress));
  }

  ModelFetcher(CoordinatorLink link, ModelCache cache, Persistence persistence) {
    this.link = link;
    this.cache = cache;
    this.persistence = persistence;
  }

  /** What a fetch gave. */
  public sealed interface Fetched {
    /** The file, whole and of the right digest. */
    record Here(Path file) implements Fetched {}

    /** The coordinator has no such model, or sent something else. */
    record Refused(String reason) implements Fetched {}

    /** Told to stop, or nothing moved for too long. */
    record Postponed(String reason) implements Fetched {}
  }

  /**
   * The model's file, from the cache or the coordinator.
   *
   * @throws IOException if the disk fails, or has no room that may be taken; worth another try
   */
  public Fetched fetch(ModelReference model, Halt halt) throws IOException {
    Path file = cache.file(model.version());
    if (Files.exists(file)) {
      if (cache.right(model.version())) {
        cache.touch(file);
        return Files.size(file) == model.fileBytes()
            ? new Fetched.Here(file)
            : new Fetched.Refused(
                "fetch model %s: announced with %d bytes, it has %d"
                    .formatted(
                        model.version().digest().brief(), model.fileBytes(), Files.size(file)));
      }
      Files.delete(file); // changed on disk: fetched again
    }
    try (PartialModel partial = cache.begin(model)) {
      var outcome =
          persistence.run(
              halt,
              () -> {
                download(model, partial, halt);
                return true;
              });
      return switch (outcome) {
        case Persistence.Outcome.Done<Boolean> _ -> finish(model, partial, file);
        case Persistence.Outcome.Refused<Boolean>(Status status) ->
            new Fetched.Refused(Failures.words(status));
        case Persistence.Outcome.Stopped<Boolean>(String reason) -> new Fetched.Postponed(reason);
      };
    } catch (PartialModel.Damaged damaged) {
      cache.removePart(model.version());
      return new Fetched.Refused(String.valueOf(damaged.getMessage()));
    }
  }

  /** The digest was taken as the bytes came: nothing is read again here. */
  private Fetched finish(ModelReference model, PartialModel partial, Path file) throws IOException {
    Digest digest = partial.digest();
    if (!digest.equals(model.version().digest())) {
      partial.remove();
      return new Fetched.Refused(
          "fetch model %s: %d bytes with digest %s"
              .formatted(model.version().digest().brief(), model.fileBytes(), digest.brief()));
    }
    partial.close();
    Files.move(
        cache.part(model.version()),
        file,
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    cache.trim(file);
    return new Fetched.Here(file);
  }

  private void download(ModelReference model, PartialModel partial, Halt halt)
      throws StatusException, TimeoutException, InterruptedException, IOException {
    if (partial.complete()) {
      return;
    }
    long limit = persistence.noProgress().toMillis();
    BlockingClientCall<?, ModelChunk> call =
        CoordinationGrpc.newBlockingV2Stub(link.channel())
            .fetchModel(
                FetchModelRequest.newBuilder()
                    .setVersion(ByteString.copyFrom(model.version().digest().bytes()))
                    .setOffset(partial.have())
                    .setRunning(partial.needsDigests())
                    .build());
    try {
      while (!partial.complete()) {
        if (halt.halted()) {
          throw Status.CANCELLED.withDescription("told to stop").asException();
        }
        ModelChunk chunk = call.read(limit, TimeUnit.MILLISECONDS);
        if (chunk == null) {
          throw Status.UNAVAILABLE.withDescription("the model ended early").asException();
        }
        take(chunk, partial, model);
        persistence.progress();
      }
    } finally {
      call.cancel("done", null);
    }
  }

  private static void take(ModelChunk chunk, PartialModel partial, ModelReference model)
      throws IOException, StatusException {
    ByteString digests = chunk.getRunningDigests();
    if (!digests.isEmpty()) {
      if (!partial.needsDigests()
          || !chunk.getData().isEmpty()
          || !partial.digests(digests.toByteArray())) {
        throw Status.OUT_OF_RANGE
            .withDescription(
                "%d bytes of digests that are not those of model %s of %d bytes"
                    .formatted(digests.size(), model.version().digest().brief(), model.fileBytes()))
            .asException();
      }
      return;
    }
    long have = partial.have();
    long end = have + chunk.getData().size();
    if (chunk.getOffset() != have || chunk.getData().isEmpty() || end > model.fileBytes()) {
      throw Status.OUT_OF_RANGE
          .withDescription(
              "chunk of %d bytes at %d, expected one at %d of %d"
                  .formatted(chunk.getData().size(), chunk.getOffset(), have, model.fileBytes()))
          .asException();
    }
    if (!partial.append(chunk.getData().asReadOnlyByteBuffer())) {
      throw Status.UNAVAILABLE
          .withDescription("a chunk before byte %d was damaged".formatted(end))
          .asException();
    }
  }
}
