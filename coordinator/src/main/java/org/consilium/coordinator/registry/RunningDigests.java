package org.consilium.coordinator.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;

/**
 * SHA-256 of a model file's first 1 MiB, first 2 MiB, and so on to the whole, kept beside it: a
 * site that hashes what comes finds with them the first damaged part as it comes, in the same pass.
 * Made when the first site asks, which is as soon as a model is published; what the disk spoils
 * later does not have them any more. The list ends with its own digest: one that was spoilt is made
 * anew.
 */
public final class RunningDigests {
  private static final String SUFFIX = ".digests";

  private RunningDigests() {}

  /**
   * The digests of a file, 32 bytes each; none if the file is damaged.
   *
   * @param model a published file: it never changes
   * @param whole its digest, which is the last one
   */
  public static synchronized byte[] of(Path model, Digest whole) throws IOException {
    Path kept = beside(model);
    long chunks = Math.ceilDiv(Files.size(model), (long) Limits.MODEL_CHUNK_BYTES);
    int length = Math.toIntExact(chunks * Digest.BYTES);
    if (Files.isRegularFile(kept) && Files.size(kept) == length + Digest.BYTES) {
      byte[] list = Files.readAllBytes(kept);
      byte[] digests = Arrays.copyOf(list, length);
      if (Arrays.equals(Digest.sha256(digests).bytes(), 0, Digest.BYTES, list, length, list.length)
          && endsIn(digests, whole)) {
        return digests;
      }
    }
    byte[] digests = hash(model, Math.toIntExact(chunks));
    if (!endsIn(digests, whole)) {
      return new byte[0];
    }
    Path draft = kept.resolveSibling(kept.getFileName() + ".draft");
    byte[] list = Arrays.copyOf(digests, length + Digest.BYTES);
    System.arraycopy(Digest.sha256(digests).bytes(), 0, list, length, Digest.BYTES);
    Files.write(draft, list);
    Files.move(draft, kept, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return digests;
  }

  private static boolean endsIn(byte[] digests, Digest whole) {
    int from = digests.length - Digest.BYTES;
    return Arrays.equals(digests, from, digests.length, whole.bytes(), 0, Digest.BYTES);
  }

  /** Where they are kept. */
  static Path beside(Path model) {
    return model.resolveSibling(model.getFileName() + SUFFIX);
  }

  private static byte[] hash(Path model, int chunks) throws IOException {
    ByteBuffer digests = ByteBuffer.allocate(chunks * Digest.BYTES);
    ByteBuffer chunk = ByteBuffer.allocate(Limits.MODEL_CHUNK_BYTES);
    MessageDigest sha = Digest.newSha256();
    try (FileChannel file = FileChannel.open(model, StandardOpenOption.READ)) {
      while (digests.hasRemaining()) {
        chunk.clear();
        while (chunk.hasRemaining() && file.read(chunk) >= 0) {
          // read on until the chunk is full or the file has ended
        }
        sha.update(chunk.flip());
        digests.put(Digest.soFar(sha).bytes());
      }
    }
    return digests.array();
  }
}
