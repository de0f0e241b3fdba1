package org.consilium.coordinator.registry;

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
import org.consilium.security.bulk.FileBytes;

/**
 * The digest list of a model file, kept beside it. Made when the first site asks, which is as soon
 * as a model is published; what the disk spoils later does not have it any more. A list that was
 * spoilt is made anew.
 */
public final class RunningDigests {
  private static final String SUFFIX = ".digests";

  private RunningDigests() {}

  /**
   * The digests of a file; none if the file is damaged.
   *
   * @param model a published file: it never changes
   * @param whole its digest
   */
  public static synchronized Optional<DigestList> of(Path model, Digest whole) throws IOException {
    Path kept = beside(model);
    long bytes = Files.size(model);
    Optional<DigestList> known = DigestList.read(kept, bytes, whole);
    if (known.isPresent()) {
      return known;
    }
    Optional<DigestList> list = DigestList.of(hash(model, DigestList.chunks(bytes)), bytes, whole);
    if (list.isPresent()) {
      list.get().keep(kept, kept.resolveSibling(kept.getFileName() + ".draft"));
    }
    return list;
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
      for (long at = 0; digests.hasRemaining(); at += chunk.capacity()) {
        boolean _ = FileBytes.read(file, chunk.clear(), at); // the last one is shorter
        sha.update(chunk.flip());
        digests.put(Digest.soFar(sha).bytes());
      }
    }
    return digests.array();
  }
}
