package org.consilium.protocol;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;

/**
 * SHA-256 of a model file's first 1 MiB, first 2 MiB, and so on to the whole: who hashes the file
 * as it comes finds its first damaged part in the same pass. The last one is the file's own digest,
 * which is its version; a list that does not end so is none. On disk it is followed by its own
 * SHA-256.
 */
public final class DigestList {
  private final byte[] digests;

  private DigestList(byte[] digests) {
    this.digests = digests;
  }

  /** Parts of a file of so many bytes; the last may be shorter. */
  public static int chunks(long fileBytes) {
    return Math.toIntExact(Math.ceilDiv(fileBytes, (long) Limits.MODEL_CHUNK_BYTES));
  }

  /**
   * A list as it is sent, 32 bytes each.
   *
   * @param whole digest of the file
   * @return empty if they are not as many as the file has chunks, or the last is not {@code whole}
   */
  public static Optional<DigestList> of(byte[] digests, long fileBytes, Digest whole) {
    int last = digests.length - Digest.BYTES;
    boolean fits =
        last >= 0
            && digests.length == chunks(fileBytes) * Digest.BYTES
            && Arrays.equals(digests, last, digests.length, whole.bytes(), 0, Digest.BYTES);
    return fits ? Optional.of(new DigestList(digests.clone())) : Optional.empty();
  }

  /** The list that {@link #keep} wrote; empty if it is not there, or is not whole any more. */
  public static Optional<DigestList> read(Path file, long fileBytes, Digest whole)
      throws IOException {
    int length = chunks(fileBytes) * Digest.BYTES;
    if (!Files.isRegularFile(file) || Files.size(file) != length + Digest.BYTES) {
      return Optional.empty();
    }
    byte[] kept = Files.readAllBytes(file);
    byte[] digests = Arrays.copyOf(kept, length);
    return Arrays.equals(own(digests), Arrays.copyOfRange(kept, length, kept.length))
        ? of(digests, fileBytes, whole)
        : Optional.empty();
  }

  /** Writes the list, whole or not at all, by way of {@code draft} beside it; forces nothing. */
  public void keep(Path file, Path draft) throws IOException {
    byte[] kept = Arrays.copyOf(digests, digests.length + Digest.BYTES);
    System.arraycopy(own(digests), 0, kept, digests.length, Digest.BYTES);
    Files.write(draft, kept);
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Of the file up to the end of a chunk, the first being 0. */
  public Digest upTo(long chunk) {
    int at = Math.toIntExact(chunk * Digest.BYTES);
    return Digest.of(Arrays.copyOfRange(digests, at, at + Digest.BYTES));
  }

  /** As it is sent, a copy. */
  public byte[] bytes() {
    return digests.clone();
  }

  private static byte[] own(byte[] digests) {
    return Digest.sha256(digests).bytes();
  }
}
