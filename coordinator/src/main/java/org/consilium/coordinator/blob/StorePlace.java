package org.consilium.coordinator.blob;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the shared store is.
 *
 * @param url {@code s3://bucket/prefix} or {@code file:///folder}
 * @param endpoint of an S3 service that is not Amazon's
 * @param region {@code us-east-1} where the service does not care
 * @param credentialsFile access key and secret key, a line each; empty: as Amazon's tools find them
 * @param keyFile the secret, 32 bytes or more, that studies' keys are sealed with in the store
 */
public record StorePlace(
    URI url,
    Optional<URI> endpoint,
    Optional<String> region,
    Optional<Path> credentialsFile,
    Path keyFile) {
  /** Checks the addresses. */
  public StorePlace {
    boolean s3 = "s3".equals(url.getScheme()) && url.getHost() != null;
    boolean folder = "file".equals(url.getScheme()) && url.getPath() != null;
    if (!s3 && !folder) {
      throw new IllegalArgumentException(
          "store must be s3://bucket/prefix or file:///folder, got " + url);
    }
    if (endpoint.isPresent() && endpoint.get().getHost() == null) {
      throw new IllegalArgumentException(
          "store endpoint must be https://host:port, got " + endpoint.get());
    }
  }

  /** Opens it; close it. */
  public Blobs open() throws IOException {
    return "file".equals(url.getScheme()) ? FolderBlobs.open(Path.of(url)) : S3Blobs.open(this);
  }

  /** What stands before every key in the bucket: empty, or parts that each end with a slash. */
  String prefix() {
    String path = Optional.ofNullable(url.getPath()).orElse("").replaceAll("^/+|/+$", "");
    return path.isEmpty() ? "" : BlobKey.check(path) + "/";
  }
}
