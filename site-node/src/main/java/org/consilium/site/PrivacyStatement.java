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
  private static final String SIGNATURE = "signature: ";
  private static final String TITLE = "Consilium privacy statement";
  private static final Pattern HEAD =
      Pattern.compile("(?m)^ledger: (\\d{1,9}) entries, head ([0-9a-f]{64})$");

  /** States what a ledger says now. */
  static PrivacyStatement of(PrivacyView view, Credential signing, Instant now) throws IOException {
    String body =
        "%s\nsite: %s\ntime: %s\n%s\n"
            .formatted(TITLE, signing.id().siteName().orElse(""), now, view.text());
    byte[] signature = SigningKey.of(signing).sign(LABEL, body.getBytes(StandardCharsets.UTF_8));
    try {
      return new PrivacyStatement(body, body + END + tail(signature, signing.chain()));
    } catch (CertificateEncodingException broken) {
      throw new IOException("write statement: encode a certificate", broken);
    }
  }

  /**
   * Reads a statement and checks its signature and certificates as of its own time. Not one byte of
   * the text may be another than was written.
   *
   * @param root of the consortium, which the reader knows
   * @throws Failure if it is no statement, was changed, or was not signed by the site it names
   */
  static PrivacyStatement verified(String text, X509Certificate root, String trustDomain)
      throws Failure {
    int end = text.indexOf(END);
    if (end < 0 || !text.startsWith(TITLE + "\n")) {
      throw refused("the file is no privacy statement");
    }
    PrivacyStatement statement = new PrivacyStatement(text.substring(0, end), text);
    byte[] signature = new byte[0];
    List<byte[]> certificates = new ArrayList<>();
    try {
      for (String line : text.substring(end + END.length()).lines().toList()) {
        byte[] value = Base64.getDecoder().decode(line.substring(line.indexOf(' ') + 1));
        if (line.startsWith(SIGNATURE)) {
          signature = value;
        } else {
          certificates.add(value);
        }
      }
      List<X509Certificate> chain = ChainCheck.parse(certificates);
      InstantSource then = InstantSource.fixed(Instant.parse(statement.field("time")));
      SpiffeId signer =
          new ChainCheck(root, trustDomain, then).verify(chain, SpiffeId.Kind.SITE_SIGNING);
      if (!text.equals(statement.body + END + tail(signature, chain))) {
        throw refused("what follows the signature's line was changed");
      }
      if (!signer.siteName().map(statement.site()::equals).orElse(false)) {
        throw refused("it names site %s and was signed by %s".formatted(statement.site(), signer));
      }
      byte[] signed = statement.body.getBytes(StandardCharsets.UTF_8);
      if (!VerifyingKey.of(chain.getFirst()).verify(LABEL, signed, signature)) {
        throw refused("the signature is not of this text: it was changed");
      }
      return statement;
    } catch (ChainRefused
        | CertificateEncodingException
        | DateTimeParseException
        | IllegalArgumentException unreadable) {
      throw refused(String.valueOf(unreadable.getMessage()));
    }
  }

  /** The site that it is about, in its own words. */
  String site() {
    return field("site");
  }

  /** The number of entries that it states, and the hash of the last. */
  PrivacyLedgerEnd end() throws Failure {
    Matcher found = HEAD.matcher(body);
    if (!found.find()) {
      throw refused("it names no ledger");
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

  /** Signature and certificates as they stand behind the body. */
  private static String tail(byte[] signature, List<X509Certificate> chain)
      throws CertificateEncodingException {
    StringBuilder text = new StringBuilder(SIGNATURE).append(base64(signature)).append('\n');
    for (X509Certificate certificate : chain) {
      text.append("certificate: ").append(base64(certificate.getEncoded())).append('\n');
    }
    return text.toString();
  }

  private static Failure refused(String why) {
    return new Failure(
        Failure.Kind.STATEMENT_REFUSED,
        "privacy statement: " + why,
        "compare with the copy that was kept elsewhere, as it was written");
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
