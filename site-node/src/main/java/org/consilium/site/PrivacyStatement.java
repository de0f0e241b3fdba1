package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.sign.VerifyingKey;
import org.consilium.site.ledger.privacy.PrivacyView;

/**
 * What was spent of the patients' privacy, as a text that the site's key signed: for the
 * data-protection officer, who keeps it outside of the node. A later ledger must go on from the
 * entry that it names.
 *
 * @param body what is signed
 * @param text the body with its signature and certificates
 */
record PrivacyStatement(String body, String text) {
  private static final String LABEL = "consilium/v1/privacy-statement";
  private static final String END = "----- signed -----\n";
  private static final String TITLE = "Consilium privacy statement";
  private static final Pattern HEAD =
      Pattern.compile("(?m)^ledger: (\\d{1,9}) entries, head ([0-9a-f]{64})$");

  /** States what a ledger says now. */
  static PrivacyStatement of(PrivacyView view, Credential signing, Instant now) throws IOException {
    String body =
        "%s\nsite: %s\ntime: %s\n%s\n"
            .formatted(TITLE, signing.id().siteName().orElse(""), now, view.text());
    StringBuilder text = new StringBuilder(body).append(END);
    byte[] signature = SigningKey.of(signing).sign(LABEL, body.getBytes(StandardCharsets.UTF_8));
    text.append("signature: ").append(base64(signature)).append('\n');
    try {
      for (X509Certificate certificate : signing.chain()) {
        text.append("certificate: ").append(base64(certificate.getEncoded())).append('\n');
      }
    } catch (CertificateEncodingException broken) {
      throw new IOException("write statement: encode a certificate", broken);
    }
    return new PrivacyStatement(body, text.toString());
  }

  /**
   * Reads a statement and checks its signature and certificates as of its own time.
   *
   * @param root of the consortium, which the reader knows
   * @throws IllegalArgumentException if it is no statement, or was not signed by a site
   */
  static PrivacyStatement verified(String text, X509Certificate root, String trustDomain) {
    int end = text.indexOf(END);
    if (end < 0 || !text.startsWith(TITLE + "\n")) {
      throw new IllegalArgumentException("statement: the file is no privacy statement");
    }
    PrivacyStatement statement = new PrivacyStatement(text.substring(0, end), text);
    List<byte[]> certificates = new ArrayList<>();
    byte[] signature = new byte[0];
    for (String line : text.substring(end + END.length()).lines().toList()) {
      String value = line.substring(line.indexOf(' ') + 1);
      if (line.startsWith("signature: ")) {
        signature = Base64.getDecoder().decode(value);
      } else if (line.startsWith("certificate: ")) {
        certificates.add(Base64.getDecoder().decode(value));
      }
    }
    try {
      List<X509Certificate> chain = ChainCheck.parse(certificates);
      InstantSource then = InstantSource.fixed(Instant.parse(statement.field("time")));
      SpiffeId signer =
          new ChainCheck(root, trustDomain, then).verify(chain, SpiffeId.Kind.SITE_SIGNING);
      boolean same =
          signer.siteName().map(statement.field("site")::equals).orElse(false)
              && VerifyingKey.of(chain.getFirst())
                  .verify(LABEL, statement.body.getBytes(StandardCharsets.UTF_8), signature);
      if (!same) {
        throw new IllegalArgumentException("statement: the signature is not its site's");
      }
      return statement;
    } catch (ChainRefused | DateTimeParseException refused) {
      throw new IllegalArgumentException("statement: " + refused.getMessage(), refused);
    }
  }

  /** The number of entries that it states, and the hash of the last. */
  PrivacyLedgerEnd end() {
    Matcher found = HEAD.matcher(body);
    if (!found.find()) {
      throw new IllegalArgumentException("statement: it names no ledger");
    }
    return new PrivacyLedgerEnd(Long.parseLong(found.group(1)), found.group(2));
  }

  /** Where a ledger ended. */
  record PrivacyLedgerEnd(long entries, String head) {}

  private String field(String name) {
    return body.lines()
        .filter(line -> line.startsWith(name + ": "))
        .findFirst()
        .map(line -> line.substring(name.length() + 2))
        .orElse("");
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
