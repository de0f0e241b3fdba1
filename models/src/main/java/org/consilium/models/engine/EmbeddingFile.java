package org.consilium.models.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.Digest;

/**
 * The embeddings of one image set in a file, so that a linear probe embeds its images once a study
 * and not once a round. The file begins with a digest of all that they depend on: frozen
 * parameters, images and their normalisation; a file of another digest, or a broken one, is made
 * again.
 */
final class EmbeddingFile {
  private final Path file;

  EmbeddingFile(Path file) {
    this.file = file;
  }

  /** Embeddings as {@link LocalModel#embed}, from the file if it still fits. */
  float[] of(LocalModel model, ImageSet images, Preprocessing preprocessing) throws IOException {
    byte[] key = key(model, images, preprocessing);
    if (Files.exists(file)) {
      ByteBuffer held = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      byte[] theirs = new byte[Math.min(key.length, held.remaining())];
      held.get(theirs);
      if (Arrays.equals(key, theirs) && held.remaining() >= Float.BYTES) {
        float[] values = new float[held.remaining() / Float.BYTES];
        held.asFloatBuffer().get(values);
        return values;
      }
    }
    float[] values = model.embed(images, preprocessing);
    ByteBuffer held =
        ByteBuffer.allocate(Math.addExact(key.length, Math.multiplyExact(values.length, 4)))
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(key);
    held.asFloatBuffer().put(values);
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.write(part, held.array());
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return values;
  }

  private static byte[] key(LocalModel model, ImageSet images, Preprocessing preprocessing)
      throws IOException {
    MessageDigest sha = Digest.newSha256();
    sha.update(preprocessing.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    for (int i = 0; i < images.count(); i++) {
      sha.update(images.image(i));
    }
    Set<String> trained = new HashSet<>(model.set().trained());
    Contents.add(model, name -> !trained.contains(name), sha);
    return sha.digest();
  }
}
