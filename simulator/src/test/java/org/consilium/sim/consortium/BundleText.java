package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;

/** An audit bundle's lines, as somebody with an editor sees and changes them. */
final class BundleText {
  private static final String DOMAIN = "demo.consilium.test";
  private static final InstantSource CLOCK = InstantSource.system();
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private BundleText() {}

  static List<String> lines(Path bundle) throws IOException {
    try (GZIPInputStream in =
        new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(bundle)))) {
      return new ArrayList<>(
          new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    }
  }

  static Path written(Path folder, List<String> lines) throws IOException {
    Path file = Files.createTempFile(folder, "tampered-", ".audit");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  /** An entry's number. */
  static long number(String entry) {
    try {
      return MAPPER.readTree(entry).path("seq").asLong();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** The same entry with one digit of its payload's digest changed. */
  static String flipped(String entry) {
    int at = entry.indexOf("\"payload\":\"") + "\"payload\":\"".length();
    char other = entry.charAt(at) == '0' ? '1' : '0';
    return entry.substring(0, at) + other + entry.substring(at + 1);
  }

  /** A checkpoint's line. */
  static String row(SignedCheckpoint signed) throws IOException {
    List<String> chain = signed.by().chain().stream().map(BundleText::base64).toList();
    return MAPPER.writeValueAsString(
        MAPPER
            .createObjectNode()
            .put("checkpoint", new String(signed.body(), StandardCharsets.US_ASCII))
            .put("signature", base64(signed.by().signature()))
            .put("chain", String.join(" ", chain)));
  }

  /** A checkpoint of a consortium of the same name, whose root is another. */
  static SignedCheckpoint foreign(Path folder) throws Exception {
    SecureRandom random = new SecureRandom();
    CertificateAuthority strangers = CertificateAuthority.create(folder, DOMAIN, CLOCK, random);
    KeyRequest request = KeyRequest.signing(random);
    Credential signer =
        request.with(
            strangers.issue(
                request.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    MerkleTree.Head head =
        MerkleTree.head(List.of(MerkleTree.leaf("else".getBytes(StandardCharsets.UTF_8))));
    return SignedCheckpoint.of(
        new Checkpoint(DOMAIN, head, CLOCK.instant().truncatedTo(ChronoUnit.MILLIS)),
        SigningKey.of(signer),
        signer.chain());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
