package org.consilium.security.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;

/** Textual encoding of keys and certificates (RFC 7468), the strict half of it. */
final class Pem {
  static final String CERTIFICATE = "CERTIFICATE";
  static final String PRIVATE_KEY = "PRIVATE KEY";
  static final String SEALED_KEY = "ENCRYPTED PRIVATE KEY";
  static final String REQUEST = "CERTIFICATE REQUEST";
  static final int FILE_BYTES_MAX = 64 * 1024;

  /** One block: its label and DER. */
  @SuppressWarnings("ArrayRecordComponent") // passed through, never compared
  record Block(String label, byte[] der) {}

  private Pem() {}

  static String encode(String label, byte[] der) {
    String body =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, body, label);
  }

  static String encode(List<X509Certificate> chain) {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : chain) {
      try {
        text.append(encode(CERTIFICATE, certificate.getEncoded()));
      } catch (CertificateEncodingException broken) {
        throw new IllegalArgumentException("certificate without an encoding", broken);
      }
    }
    return text.toString();
  }

  static List<Block> decode(String text) throws IOException {
    List<Block> blocks = new ArrayList<>();
    String label = "";
    StringBuilder body = new StringBuilder();
    for (String line : text.lines().toList()) {
      if (label.isEmpty() && line.startsWith("-----BEGIN ") && line.endsWith("-----")) {
        label = line.substring(11, line.length() - 5);
        body.setLength(0);
      } else if (!label.isEmpty() && line.equals("-----END " + label + "-----")) {
        try {
          blocks.add(new Block(label, Base64.getDecoder().decode(body.toString())));
        } catch (IllegalArgumentException notBase64) {
          throw new IOException("PEM block " + label + " is not base64", notBase64);
        }
        label = "";
      } else if (!label.isEmpty()) {
        body.append(line.strip());
      }
    }
    if (!label.isEmpty()) {
      throw new IOException("PEM block " + label + " has no end");
    }
    return blocks;
  }

  /** The certificates among the blocks, in order. */
  static List<X509Certificate> certificates(List<Block> blocks) throws IOException {
    List<X509Certificate> chain = new ArrayList<>();
    for (Block block : blocks) {
      if (block.label().equals(CERTIFICATE)) {
        try {
          chain.add(certificate(block.der()));
        } catch (CertificateException malformed) {
          throw new IOException("a certificate in the file is malformed", malformed);
        }
      }
    }
    return List.copyOf(chain);
  }

  static X509Certificate certificate(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  /** The one private key among the blocks. */
  static PrivateKey privateKey(List<Block> blocks) throws IOException {
    List<Block> keys = blocks.stream().filter(b -> b.label().equals(PRIVATE_KEY)).toList();
    if (keys.size() != 1) {
      throw new IOException("%d private keys in the file, not 1".formatted(keys.size()));
    }
    byte[] der = keys.getFirst().der();
    try {
      String algorithm =
          PrivateKeyInfo.getInstance(der).getPrivateKeyAlgorithm().getAlgorithm().getId();
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      // the cause may quote key bytes, so it is not passed on
      throw new IOException("the private key in the file is malformed");
    }
  }
}
