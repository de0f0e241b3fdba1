package org.consilium.coordinator.validation;

import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.sign.VerifyingKey;

/** Checks a signed report before it may count. */
public final class ReportDesk {
  private ReportDesk() {}

  /** The outcome of a check. */
  public sealed interface Outcome {}

  /** The site signed it and it is legal; whether it is expected now is the round's to say. */
  public record Genuine(ValidationReport report) implements Outcome {}

  /**
   * It counts: it is in the journal.
   *
   * @param duplicate whether it had been before
   */
  public record Filed(boolean duplicate) implements Outcome {}

  /** It does not count. */
  public record Rejected(Why why, String detail) implements Outcome {}

  /** Why a report does not count; a metric label. */
  public enum Why {
    BAD_SIGNATURE,
    MALFORMED,
    UNKNOWN_STUDY,
    NOT_A_PARTICIPANT,
    WRONG_ROUND,
    WRONG_MODEL,
    DIFFERENT_REPORT
  }

  /**
   * What a report must be about to count now.
   *
   * @param window 0 in a round
   */
  public record Expected(RoundId round, int window, ModelVersion model) {}

  /** Verifies the signature and decodes. */
  public static Outcome open(SiteId caller, VerifyingKey key, byte[] body, byte[] signature) {
    if (!key.verify(SignedKind.REPORT.label(), body, signature)) {
      return new Rejected(
          Why.BAD_SIGNATURE, "report from site %s: its signature is not valid".formatted(caller));
    }
    try {
      return new Genuine(ReportCodec.decode(body));
    } catch (MalformedMessage malformed) {
      return new Rejected(Why.MALFORMED, String.valueOf(malformed.getMessage()));
    }
  }

  /** Compares a genuine report with what is expected. */
  public static Outcome expect(ValidationReport report, Expected expected) {
    if (!report.round().equals(expected.round()) || report.window() != expected.window()) {
      return new Rejected(
          Why.WRONG_ROUND,
          "report is about round %s, window %d; open is round %s, window %d"
              .formatted(report.round(), report.window(), expected.round(), expected.window()));
    }
    if (!report.model().equals(expected.model())) {
      return new Rejected(
          Why.WRONG_MODEL,
          "report is about model %s, asked was %s"
              .formatted(report.model().digest().brief(), expected.model().digest().brief()));
    }
    return new Genuine(report);
  }
}
