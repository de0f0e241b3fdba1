package org.consilium.site.protect;

import java.util.List;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SignedBytes;
import org.consilium.site.ledger.EgressEntry;

/** A signed message of masking that may leave the hospital. Made by {@link MaskProtector} alone. */
public final class ReleasedMask {
  private final EgressEntry.Kind kind;
  private final RoundId round;
  private final List<SignedBytes> messages;

  ReleasedMask(EgressEntry.Kind kind, RoundId round, List<SignedBytes> messages) {
    this.kind = kind;
    this.round = round;
    this.messages = List.copyOf(messages);
  }

  /** Which message. */
  public EgressEntry.Kind kind() {
    return kind;
  }

  /** The round that it is of. */
  public RoundId round() {
    return round;
  }

  /** One, or of shares one for every other site. */
  public List<SignedBytes> messages() {
    return messages;
  }
}
