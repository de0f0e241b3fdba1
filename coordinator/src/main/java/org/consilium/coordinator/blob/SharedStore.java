package org.consilium.coordinator.blob;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.function.BooleanSupplier;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.keyfile.SealedFile;

/**
 * The store that the replicas of one coordinator share, and the seal that secrets carry in it.
 *
 * @param blobs everything that a successor needs besides the journal
 * @param secrets seals files that must not be read in the store
 */
public record SharedStore(Blobs blobs, SealedFile secrets) implements AutoCloseable {
  /** Key of the object that says which store it is; it is sealed like what is secret. */
  public static final String ID = "store-id";

  private static final int SECRET_BYTES_MIN = 32;
  private static final int SECRET_BYTES_MAX = 4096;

  /**
   * Opens a store.
   *
   * @param held whether this process leads; only a leader removes anything
   */
  public static SharedStore open(StorePlace place, BooleanSupplier held, SecureRandom random)
      throws IOException {
    byte[] secret = secret(place.keyFile());
    return new SharedStore(
        new LeasedBlobs(place.open(), held),
        new SealedFile(secret, "consilium/coordinator/store", random));
  }

  private static byte[] secret(Path file) throws IOException {
    byte[] secret = KeyFile.read(file, SECRET_BYTES_MAX);
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IOException(
          "read the store's key %s: %d bytes, at least %d are needed"
              .formatted(file, secret.length, SECRET_BYTES_MIN));
    }
    return secret;
  }

  @Override
  public void close() {
    blobs.close();
  }
}
