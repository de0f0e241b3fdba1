package org.consilium.site.masking;

import java.util.Optional;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.sign.ChainRefused;

/** An order of masking that this site does not follow; the message names the step and the site. */
final class OrderRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  /** What is wrong with an order before the protocol itself looks at it. */
  enum Why {
    /** Something in it is not signed by the site that it is said to be of. */
    SIGNATURE,
    /** A certificate is not the consortium's, or not the participant's. */
    CERTIFICATE,
    /** Something in it is of another attempt, names a stranger, or is there twice. */
    MALFORMED,
    /** It comes after, or for, another set of survivors than the one that was signed. */
    OTHER_SET,
    /** It comes before the step that it rests on. */
    OUT_OF_ORDER
  }

  OrderRefused(Why why, String detail) {
    super(detail);
    this.reason = why.name();
  }

  OrderRefused(MaskRefused refused) {
    super(String.valueOf(refused.getMessage()), refused);
    this.reason = refused.why().name();
  }

  OrderRefused(ChainRefused refused) {
    super(String.valueOf(refused.getMessage()), refused);
    this.reason = Why.CERTIFICATE.name();
  }

  /** A word of {@link Why} or of {@link MaskRefused.Why}. */
  String reason() {
    return reason;
  }

  /** What is wrong with a parcel that its dealer signed, if that is it. */
  static Optional<Complaint.Why> complaint(MaskRefused refused) {
    return switch (refused.why()) {
      case ENVELOPE -> Optional.of(Complaint.Why.ENVELOPE);
      case COMMITMENT -> Optional.of(Complaint.Why.COMMITMENT);
      case CIPHERTEXT -> Optional.of(Complaint.Why.CIPHERTEXT);
      case TOO_FEW_SHARES,
          SHARE_PLACE,
          SHARE_TWICE,
          SHARE_LENGTH,
          SHARES_DISAGREE,
          PUBLIC_KEY,
          OTHER_KEY,
          UNKNOWN_SITE,
          TOO_FEW_SITES,
          OWN_CHANGED,
          KEY_TWICE,
          OUT_OF_ORDER,
          OTHER_SET,
          SURVIVOR_NOT_SHARED,
          SHARE_KIND,
          IMPLAUSIBLE_SUM ->
          Optional.empty();
    };
  }
}
