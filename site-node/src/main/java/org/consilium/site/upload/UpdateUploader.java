package org.consilium.site.upload;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinationGrpc.CoordinationBlockingV2Stub;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UpdateReceipt;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.bulk.FileBytes;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.protect.ReleasedReport;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Halt;

/**
 * Sends protected things, and nothing else, to the coordinator. An update: manifest, the chunks
 * that the coordinator says are missing, commit. Each chunk is answered by what is stored before
 * the next one goes: that answer alone is progress, and a cut loses one chunk at most. After it the
 * site asks again what is missing; the bytes are those of the spool, always the same. Each message
 * is in the ledger before it leaves.
 */
public final class UpdateUploader {
  /** A manifest has up to 270 kB, and waits behind what is on its way before it. */
  private static final long UNARY_SECONDS = Limits.SENDING_LEASE.toSeconds();

  /**
   * How many times its own size one update may leave in a day. Cuts make a site send some bytes
   * again; a coordinator that forgets what it got, over and over, is not obeyed.
   */
  static final int SENT_TIMES_MAX = 16;

  /** One ledger line for so many chunks: after a cut it does not claim much that never left. */
  private static final int CHUNKS_A_LINE = 16;

  /** The coordinator opens, checks and stores the whole update before it answers. */
  private static final long COMMIT_SECONDS = 600;

  private final CoordinatorLink link;
  private final EgressLedger ledger;
  private final Persistence persistence;

  /**
   * For one coordinator.
   *
   * @param noProgress how long nothing may move before the transfer is put off
   */
  public UpdateUploader(
      CoordinatorLink link,
      EgressLedger ledger,
      Backoff backoff,
      InstantSource clock,
      Duration noProgress) {
    this.link = link;
    this.ledger = ledger;
    this.persistence = new Persistence(link, backoff, clock, noProgress);
  }

  /**
   * Sends an update until the coordinator has accepted or refused it.
   *
   * @param masked whether masks hide it, for the ledger and the policy's check of the mode
   * @param bytesPerDay most bytes of updates that may leave in 24 hours
   *     <p>While the ledger cannot be written, nothing is sent, and it is tried again.
   * @throws IOException if the spool cannot be read
   */
  public Delivery send(SealedUpdate update, boolean masked, long bytesPerDay, Halt halt)
      throws IOException {
    Signed manifest =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(update.body()))
            .setSignature(ByteString.copyFrom(update.signature()))
            .build();
    try (FileChannel spool = FileChannel.open(update.spool(), StandardOpenOption.READ)) {
      Sending sending = new Sending(update, masked, manifest, spool, bytesPerDay, halt);
      return Delivery.of(persistence.run(halt, sending::attempt));
    } catch (OverLimit over) {
      return new Delivery.OverLimit(String.valueOf(over.getMessage()));
    }
  }

  /** Sends a report until the coordinator has accepted or refused it. */
  public Delivery send(ReleasedReport report, Halt halt) throws IOException {
    Signed signed =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(report.body()))
            .setSignature(ByteString.copyFrom(report.signature()))
            .build();
    return Delivery.of(
        persistence.run(halt, () -> stub(UNARY_SECONDS).submitReport(signed).getDuplicate()));
  }

  /** More would leave than may. */
  private static final class OverLimit extends IOException {
    private static final long serialVersionUID = 1L;

    OverLimit(String message) {
      super(message);
    }
  }

  /** One update on its way, over all tries. */
  private final class Sending {
    private final SealedUpdate update;
    private final boolean masked;
    private final Signed manifest;
    private final FileChannel spool;
    private final long bytesPerDay;
    private final Halt halt;

    /** The most chunks that were ever stored: only more than that is progress. */
    private int most = -1;

    /** Chunks that may leave: they have a line in the ledger, and did not leave since. */
    private final BitSet announced = new BitSet();

    Sending(
        SealedUpdate update,
        boolean masked,
        Signed manifest,
        FileChannel spool,
        long bytesPerDay,
        Halt halt) {
      this.update = update;
      this.masked = masked;
      this.manifest = manifest;
      this.spool = spool;
      this.bytesPerDay = bytesPerDay;
      this.halt = halt;
    }

    Boolean attempt() throws StatusException, TimeoutException, InterruptedException, IOException {
      int chunks = update.manifest().seal().chunks();
      UploadProgress begun = stub(UNARY_SECONDS).beginUpdate(manifest);
      BitSet stored = stored(update, begun);
      note(stored);
      while (stored.cardinality() < chunks) {
        int before = stored.cardinality();
        stored = stored(update, missing(stored, begun.getPartBytes()));
        note(stored);
        if (stored.cardinality() <= before) {
          throw Status.UNAVAILABLE
              .withDescription(
                  "%d of %d chunks stored, none of what was sent".formatted(before, chunks))
              .asException();
        }
      }
      UpdateReceipt receipt =
          stub(COMMIT_SECONDS)
              .commitUpdate(CommitUpdateRequest.newBuilder().setUpload(upload(update)).build());
      FailPoint.RECEIPT_READ.reach();
      return receipt.getDuplicate();
    }

    private void note(BitSet stored) {
      if (stored.cardinality() > most) {
        most = stored.cardinality();
        persistence.progress();
      }
    }

    /** Sends the first chunk that is missing; the answer says what is stored then. */
    private UploadProgress missing(BitSet stored, int partBytes)
        throws StatusException, TimeoutException, InterruptedException, IOException {
      if (halt.halted()) {
        throw Status.CANCELLED.withDescription("told to stop").asException();
      }
      int index = stored.nextClearBit(0);
      announce(stored, index);
      announced.clear(index);
      BlockingClientCall<UpdateChunk, UploadProgress> call =
          CoordinationGrpc.newBlockingV2Stub(link.channel()).sendChunks();
      long limit = persistence.noProgress().toMillis();
      try {
        for (Part part : Part.of(update.manifest().chunkBytes(index), partBytes)) {
          if (!call.write(message(index, part), limit, TimeUnit.MILLISECONDS)) {
            break; // the coordinator has ended the call; reading says why
          }
        }
        FailPoint.CHUNK_SENT.reach();
        call.halfClose();
        UploadProgress progress = call.read(limit, TimeUnit.MILLISECONDS);
        if (progress == null) {
          throw Status.UNAVAILABLE.withDescription("the upload ended early").asException();
        }
        // To the call's end: one that is cancelled before counts against the connection.
        var _ = call.read(limit, TimeUnit.MILLISECONDS);
        return progress;
      } finally {
        call.cancel("done", null);
      }
    }

    private UpdateChunk message(int index, Part part) throws IOException {
      return UpdateChunk.newBuilder()
          .setUpload(upload(update))
          .setIndex(index)
          .setOffset(part.offset())
          .setData(read(spool, update.manifest().chunkAt(index) + part.offset(), part.bytes()))
          .build();
    }

    /** A try that fails costs the line of the chunk that left, not of those that did not. */
    private void announce(BitSet stored, int index) throws IOException {
      if (announced.get(index)) {
        return;
      }
      int chunks = update.manifest().seal().chunks();
      BitSet settled = (BitSet) stored.clone();
      settled.or(announced);
      allow(update.manifest().bytesWithout(settled, index, chunks));
      int end = Math.min(chunks, index + CHUNKS_A_LINE);
      long bytes = update.manifest().bytesWithout(settled, index, end);
      EgressEntry entry = entry(update, masked, bytes);
      try {
        link.gate().announce(entry, update.manifest().round().study());
      } catch (IOException full) {
        throw new UncheckedIOException("ledger: " + full.getMessage(), full);
      }
      BitSet lined = new BitSet(end);
      lined.set(index, end);
      lined.andNot(settled);
      announced.or(lined);
    }

    private void allow(long bytes) throws OverLimit {
      long today = ledger.updateBytesToday();
      if (today + bytes > bytesPerDay) {
        throw new OverLimit(
            "%d bytes in 24 h and %d to come, at most %d".formatted(today, bytes, bytesPerDay));
      }
      long often = ledger.updateBytesToday(update.id());
      long most = SENT_TIMES_MAX * update.manifest().seal().sealedBytes();
      if (often + bytes > most) {
        throw new OverLimit(
            "update %s: %d bytes left for it in 24 h and %d to come, at most %d"
                .formatted(update.id().brief(), often, bytes, most));
      }
    }
  }

  /** A fresh buffer each: the transport keeps it until it is on the wire. */
  private static ByteString read(FileChannel spool, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    if (!FileBytes.read(spool, buffer, at)) {
      throw new EOFException("upload: the spool ends at byte %d".formatted(at + buffer.position()));
    }
    return UnsafeByteOperations.unsafeWrap(buffer.flip());
  }

  private static BitSet stored(SealedUpdate update, UploadProgress progress)
      throws StatusException {
    int chunks = update.manifest().seal().chunks();
    if (!progress.getUpload().equals(upload(update)) || progress.getChunks() != chunks) {
      throw Status.FAILED_PRECONDITION
          .withDescription("the coordinator speaks of another upload")
          .asException();
    }
    BitSet bits = BitSet.valueOf(progress.getStored().toByteArray());
    bits.clear(chunks, Math.max(chunks, bits.length()));
    return bits;
  }

  private static ByteString upload(SealedUpdate update) {
    return ByteString.copyFrom(update.id().bytes());
  }

  private static EgressEntry entry(SealedUpdate update, boolean masked, long bytes) {
    UpdateManifest manifest = update.manifest();
    return new EgressEntry(
        masked ? EgressEntry.Kind.MASKED_UPDATE : EgressEntry.Kind.UPDATE,
        manifest.round().study().value(),
        manifest.round().number(),
        bytes,
        update.id(),
        masked
            ? "nobody: the sum of %s alone".formatted(manifest.round())
            : "aggregation key holder of " + manifest.round().study(),
        manifest.norm());
  }

  private CoordinationBlockingV2Stub stub(long seconds) {
    return CoordinationGrpc.newBlockingV2Stub(link.channel())
        .withDeadlineAfter(seconds, TimeUnit.SECONDS);
  }
}
