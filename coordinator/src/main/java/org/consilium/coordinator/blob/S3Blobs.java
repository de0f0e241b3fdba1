package org.consilium.coordinator.blob;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.consilium.security.keyfile.KeyFile;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Blobs in a bucket of an S3-compatible service. Every body carries its MD5, the one checksum that
 * all such services compare; whoever reads compares SHA-256 with what the journal says. A file
 * longer than one part goes up in parts and appears when the last one is there. Holds one part in
 * memory for each call.
 */
final class S3Blobs implements Blobs {
  /** Smallest part of a long file; the service takes at most 10 000 parts. */
  private static final int PART_BYTES = 8 << 20;

  private static final int PARTS_MAX = 10_000;
  private static final int OUT_OF_RANGE = 416;
  private static final int ABSENT = 404;
  private static final int CREDENTIALS_BYTES_MAX = 4096;
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration SILENCE = Duration.ofSeconds(30);
  private static final String TYPE = "application/octet-stream";

  private final S3Client client;
  private final String bucket;
  private final String prefix;

  private S3Blobs(S3Client client, String bucket, String prefix) {
    this.client = client;
    this.bucket = bucket;
    this.prefix = prefix;
  }

  /**
   * Connects to a bucket, which must exist.
   *
   * @throws IOException if the credentials cannot be read, or the service does not let them in
   */
  static S3Blobs open(StorePlace place) throws IOException {
    var builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(SILENCE))
            .region(Region.of(place.region().orElse("us-east-1")))
            .credentialsProvider(credentials(place))
            // Own checksums are sent below; others of the client's would not pass older services.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .serviceConfiguration(S3Configuration.builder().chunkedEncodingEnabled(false).build());
    Optional<URI> endpoint = place.endpoint();
    if (endpoint.isPresent()) { // such a service rarely has a name for each bucket
      builder.endpointOverride(endpoint.get()).forcePathStyle(true);
    }
    S3Blobs blobs =
        new S3Blobs(builder.build(), String.valueOf(place.url().getHost()), place.prefix());
    try {
      blobs.list("probe", _ -> {});
      return blobs;
    } catch (IOException refused) {
      blobs.close();
      throw refused;
    }
  }

  @Override
  public void put(String key, Path file) throws IOException {
    long bytes = Files.size(file);
    int part = (int) Math.max(PART_BYTES, Math.ceilDiv(bytes, (long) PARTS_MAX));
    try (InputStream in = Files.newInputStream(file)) {
      if (bytes <= part) {
        put(key, in.readNBytes(part));
        return;
      }
      String name = name(key);
      String upload =
          client
              .createMultipartUpload(r -> r.bucket(bucket).key(name).contentType(TYPE))
              .uploadId();
      try {
        List<CompletedPart> parts = parts(name, upload, in, part);
        client.completeMultipartUpload(
            r -> r.bucket(bucket).key(name).uploadId(upload).multipartUpload(m -> m.parts(parts)));
      } catch (IOException | SdkException failed) {
        abort(name, upload, failed);
        throw failed;
      }
    } catch (SdkException failed) {
      throw broken("put", key, failed);
    }
  }

  private List<CompletedPart> parts(String name, String upload, InputStream in, int part)
      throws IOException {
    List<CompletedPart> parts = new ArrayList<>();
    byte[] buffer = new byte[part];
    for (int n = in.readNBytes(buffer, 0, part); n > 0; n = in.readNBytes(buffer, 0, part)) {
      int number = parts.size() + 1;
      int length = n;
      String md5 = checksum(buffer, n);
      String tag =
          client
              .uploadPart(
                  r ->
                      r.bucket(bucket)
                          .key(name)
                          .uploadId(upload)
                          .partNumber(number)
                          .contentMD5(md5),
                  body(buffer, length))
              .eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
    }
    return parts;
  }

  private void abort(String name, String upload, Exception cause) {
    try {
      client.abortMultipartUpload(r -> r.bucket(bucket).key(name).uploadId(upload));
    } catch (SdkException left) { // the bucket's own rule removes it later
      cause.addSuppressed(left);
    }
  }

  @Override
  public void put(String key, byte[] bytes) throws IOException {
    String name = name(key);
    String md5 = checksum(bytes, bytes.length);
    try {
      client.putObject(
          r -> r.bucket(bucket).key(name).contentType(TYPE).contentMD5(md5),
          body(bytes, bytes.length));
    } catch (SdkException failed) {
      throw broken("put", key, failed);
    }
  }

  @Override
  public boolean fetch(String key, Path file) throws IOException {
    String name = name(key);
    Path draft = Drafts.beside(file);
    try (ResponseInputStream<GetObjectResponse> in =
        client.getObject(r -> r.bucket(bucket).key(name))) {
      long bytes = Drafts.fill(draft, in);
      if (bytes != in.response().contentLength()) {
        throw new IOException(
            "fetch blob %s: %d bytes of %d came"
                .formatted(key, bytes, in.response().contentLength()));
      }
      Drafts.place(draft, file);
      return true;
    } catch (NoSuchKeyException absent) {
      return false;
    } catch (SdkException failed) {
      throw broken("fetch", key, failed);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  @Override
  public Optional<byte[]> read(String key, long offset, int length) throws IOException {
    String name = name(key);
    if (length == 0) {
      return size(key).isPresent() ? Optional.of(new byte[0]) : Optional.empty();
    }
    String range = "bytes=%d-%d".formatted(offset, offset + length - 1);
    try {
      return Optional.of(
          client
              .getObjectAsBytes(r -> r.bucket(bucket).key(name).range(range))
              .asByteArrayUnsafe());
    } catch (NoSuchKeyException absent) {
      return Optional.empty();
    } catch (S3Exception refused) {
      if (refused.statusCode() == OUT_OF_RANGE) {
        return Optional.of(new byte[0]);
      }
      throw broken("read", key, refused);
    } catch (SdkException failed) {
      throw broken("read", key, failed);
    }
  }

  @Override
  public OptionalLong size(String key) throws IOException {
    String name = name(key);
    try {
      return OptionalLong.of(client.headObject(r -> r.bucket(bucket).key(name)).contentLength());
    } catch (S3Exception refused) {
      if (refused.statusCode() == ABSENT) {
        return OptionalLong.empty();
      }
      throw broken("look up", key, refused);
    } catch (SdkException failed) {
      throw broken("look up", key, failed);
    }
  }

  @Override
  public void delete(String key) throws IOException {
    String name = name(key);
    try {
      client.deleteObject(r -> r.bucket(bucket).key(name));
    } catch (SdkException failed) {
      throw broken("remove", key, failed);
    }
  }

  @Override
  public void list(String start, Consumer<Entry> reader) throws IOException {
    try {
      client
          .listObjectsV2Paginator(r -> r.bucket(bucket).prefix(prefix + start))
          .contents()
          .forEach(
              object ->
                  reader.accept(new Entry(object.key().substring(prefix.length()), object.size())));
    } catch (SdkException failed) {
      throw broken("list", start, failed);
    }
  }

  @Override
  public void close() {
    client.close();
  }

  private String name(String key) {
    return prefix + BlobKey.check(key);
  }

  private static RequestBody body(byte[] bytes, int length) {
    return RequestBody.fromContentProvider(
        () -> new ByteArrayInputStream(bytes, 0, length), length, TYPE);
  }

  private static String checksum(byte[] bytes, int length) {
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5"); // against accidents, not against people
      md5.update(bytes, 0, length);
      return Base64.getEncoder().encodeToString(md5.digest());
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every JDK has MD5", absent);
    }
  }

  private IOException broken(String step, String key, SdkException cause) {
    return new IOException(
        "%s blob %s in bucket %s: %s".formatted(step, key, bucket, cause.getMessage()), cause);
  }

  private static AwsCredentialsProvider credentials(StorePlace place) throws IOException {
    if (place.credentialsFile().isEmpty()) {
      return DefaultCredentialsProvider.builder().build();
    }
    Path file = place.credentialsFile().get();
    List<String> lines =
        new String(KeyFile.read(file, CREDENTIALS_BYTES_MAX), StandardCharsets.US_ASCII)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    if (lines.size() != 2) {
      throw new IOException(
          "read %s: %d lines; it must hold the access key and the secret key, a line each"
              .formatted(file, lines.size()));
    }
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(lines.getFirst(), lines.getLast()));
  }
}
