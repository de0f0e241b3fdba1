package org.consilium.coordinator.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract on an S3 service that checks every signature. */
final class S3BlobsTest extends BlobsContract {
  @TempDir static Path folder;
  private static Optional<S3Server> running = Optional.empty();
  private static int buckets;

  @BeforeAll
  static void startServer() throws Exception {
    running = Optional.of(S3Server.start(folder));
  }

  @AfterAll
  static void stopServer() {
    running.ifPresent(S3Server::close);
  }

  @Override
  Blobs fresh() throws Exception {
    buckets++;
    server().bucket("bucket" + buckets);
    return server().place("s3://bucket" + buckets + "/some/prefix", folder).open();
  }

  @Test
  void open_bucketThatIsNotThere_isRefusedByItsName() {
    assertThatThrownBy(() -> server().place("s3://nowhere", folder).open())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nowhere");
  }

  @Test
  void put_underOnePrefix_isNotSeenUnderAnother() throws Exception {
    blobs.put("a", new byte[1]);

    try (Blobs other = server().place("s3://bucket" + buckets + "/other", folder).open()) {
      assertThat(other.size("a")).isEmpty();
    }
  }

  @Test
  void place_addressOfNoStore_isRefused() {
    for (String url : new String[] {"http://x/y", "s3:/x", "bucket"}) {
      assertThatThrownBy(
              () ->
                  new StorePlace(
                      URI.create(url),
                      Optional.empty(),
                      Optional.empty(),
                      Optional.empty(),
                      folder))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("s3://bucket/prefix");
    }
  }

  private static S3Server server() {
    return running.orElseThrow();
  }
}
