package org.consilium.site.upload;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.DigestList;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.security.bulk.FileBytes;

/**
 * A model on its way: the bytes that came, hashed once, as they come. The coordinator's digests of
 * the first 1 MiB, the first 2 MiB and so on lie beside them, so that what a crash or a disk spoilt
 * is found chunk by chunk, and only that is fetched again. A process that comes later goes on where
 * this one stopped, as far as those digests vouch for it: neither file is forced to the disk, and
 * without a whole list nothing is known of the bytes. Those digests are not believed: the whole
 * file must have the digest that the task names. One thread at a time.
 */
final class PartialModel implements AutoCloseable {
  private final ModelReference model;
  private final Path part;
  private final Path list;
  private final FileChannel out;
  private final DiskReserve reserve;
  private final ByteBuffer chunk = ByteBuffer.allocate(Limits.MODEL_CHUNK_BYTES);

  /** Has seen what was written. */
  private MessageDigest sha = Digest.newSha256();

  private Optional<DigestList> announced = Optional.empty();

  /** Bytes in the file, all checked as far as they can be; a multiple of 1 MiB but at the end. */
  private long written;

  private long damaged = -1;

  /** Whether a former process left the list, and perhaps bytes: either may be what is wrong. */
  private boolean resumed;

  private PartialModel(
      ModelReference model, Path part, Path list, FileChannel out, DiskReserve reserve) {
    this.model = model;
    this.part = part;
    this.list = list;
    this.out = out;
    this.reserve = reserve;
  }

  /**
   * A chunk is not the announced one, again after it was fetched anew, and nothing that a former
   * process left is to blame.
   */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    Damaged(String message) {
      super(message);
    }
  }

  /** Goes on with what is in the files, or begins. */
  static PartialModel open(ModelReference model, Path part, Path list, DiskReserve reserve)
      throws IOException {
    FileChannel out =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      PartialModel partial = new PartialModel(model, part, list, out, reserve);
      partial.recover();
      return partial;
    } catch (IOException failed) {
      out.close();
      throw failed;
    }
  }

  /** Bytes that need not come again. */
  long have() {
    return written + chunk.position();
  }

  boolean complete() {
    return written == model.fileBytes();
  }

  boolean needsDigests() {
    return announced.isEmpty();
  }

  /**
   * Keeps the coordinator's digests, and behind them their own.
   *
   * @return false if they are not as many as the file has chunks, or the last one, which is that of
   *     the whole, is not the version
   */
  boolean digests(byte[] digests) throws IOException {
    announced = DigestList.of(digests, model.fileBytes(), model.version().digest());
    if (announced.isPresent()) {
      announced.get().keep(list, list.resolveSibling(list.getFileName() + ModelCache.DRAFT));
    }
    return announced.isPresent();
  }

  /**
   * Takes the bytes that follow {@link #have}; a chunk is written once it is whole and right.
   *
   * @return whether all went well; false if a chunk was not the announced one and has to come
   *     again, from {@link #have} on: from the very beginning where a former process's list and
   *     bytes may be what is wrong
   * @throws Damaged if it was not for the second time
   * @throws DiskReserve.NoRoom if the disk's reserve would not be left
   */
  boolean append(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int wanted = (int) Math.min(Limits.MODEL_CHUNK_BYTES, model.fileBytes() - written);
      int more = Math.min(bytes.remaining(), wanted - chunk.position());
      chunk.put(bytes.slice(bytes.position(), more));
      bytes.position(bytes.position() + more);
      if (chunk.position() == wanted && !finishChunk()) {
        return false;
      }
    }
    return true;
  }

  /**
   * SHA-256 of the whole file, once it is complete. Nothing is forced to the disk: what a power cut
   * takes is found by the digests and fetched again.
   */
  Digest digest() throws IOException {
    if (!complete()) {
      throw new IllegalStateException(
          "model %s: %d of %d bytes".formatted(model.version(), written, model.fileBytes()));
    }
    return Digest.soFar(sha);
  }

  /** Removes what came. */
  void remove() throws IOException {
    out.close();
    Files.deleteIfExists(part);
    Files.deleteIfExists(list);
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private boolean finishChunk() throws IOException {
    if (!reserve.holds(chunk.position())) {
      throw reserve.noRoom(model, model.fileBytes() - written);
    }
    long index = written / Limits.MODEL_CHUNK_BYTES;
    chunk.flip();
    Optional<String> mismatch = hash(index, chunk.duplicate());
    if (mismatch.isPresent()) {
      chunk.clear();
      if (damaged != index) {
        damaged = index;
      } else if (resumed) {
        restart();
      } else {
        throw new Damaged(mismatch.get());
      }
      return false;
    }
    int length = chunk.remaining();
    FileBytes.write(out, chunk, written);
    written += length;
    chunk.clear();
    return true;
  }

  /** Forgets what a former process left, its list as well: once, for then nothing is left of it. */
  private void restart() throws IOException {
    Files.deleteIfExists(list);
    out.truncate(0);
    sha = Digest.newSha256();
    announced = Optional.empty();
    written = 0;
    damaged = -1;
    resumed = false;
  }

  /** Hashes what a former process left; keeps it up to the first chunk that is not right. */
  private void recover() throws IOException {
    announced = DigestList.read(list, model.fileBytes(), model.version().digest());
    resumed = announced.isPresent();
    long there = resumed ? Math.min(out.size(), model.fileBytes()) : 0;
    while (written < there) {
      int length = (int) Math.min(Limits.MODEL_CHUNK_BYTES, model.fileBytes() - written);
      if (written + length > there) {
        break;
      }
      chunk.clear().limit(length);
      if (!FileBytes.read(out, chunk, written)) {
        throw new EOFException("read partial model " + model.version());
      }
      if (hash(written / Limits.MODEL_CHUNK_BYTES, chunk.flip()).isPresent()) {
        break;
      }
      written += length;
    }
    chunk.clear();
    out.truncate(written);
  }

  /** Hashes the next chunk; one that is not the announced one leaves the hash as it was. */
  private Optional<String> hash(long index, ByteBuffer bytes) {
    MessageDigest before = Digest.copy(sha);
    sha.update(bytes);
    if (announced.isEmpty()) {
      return Optional.empty();
    }
    Digest found = Digest.soFar(sha);
    Digest wanted = announced.get().upTo(index);
    if (found.equals(wanted)) {
      return Optional.empty();
    }
    sha = before;
    return Optional.of(
        "fetch model %s: up to chunk %d of %d the digest is %s, announced was %s"
            .formatted(
                model.version().digest().brief(),
                index + 1,
                DigestList.chunks(model.fileBytes()),
                found.brief(),
                wanted.brief()));
  }
}
