package org.consilium.site.protect;

import org.consilium.protocol.Digest;
import org.consilium.protocol.ValidationReport;

/**
 * A validation report that may leave the hospital: small cells suppressed, numbers rounded, signed.
 * Made by {@link ReportProtector} alone.
 */
public final class ReleasedReport {
  private final ValidationReport report;
  private final byte[] body;
  private final byte[] signature;

  ReleasedReport(ValidationReport report, byte[] body, byte[] signature) {
    this.report = report;
    this.body = body;
    this.signature = signature;
  }

  /** What is released. */
  public ValidationReport report() {
    return report;
  }

  /** The report's bytes, a copy. */
  public byte[] body() {
    return body.clone();
  }

  /** The site's signature over them, a copy. */
  public byte[] signature() {
    return signature.clone();
  }

  /** SHA-256 of the report's bytes. */
  public Digest digest() {
    return Digest.sha256(body);
  }
}
