package org.consilium.site.upload;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.protect.ReleasedMask;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Halt;

/** Sends masking's messages; each is in the ledger before it leaves. One thread at a time. */
public final class MaskSender {
  private static final long CALL_SECONDS = 60;

  private final CoordinatorLink link;
  private final EgressLedger ledger;
  private final Persistence persistence;

  /**
   * For one coordinator.
   *
   * @param noProgress how long to try
   */
  public MaskSender(
      CoordinatorLink link,
      EgressLedger ledger,
      Backoff backoff,
      InstantSource clock,
      Duration noProgress) {
    this.link = link;
    this.ledger = ledger;
    this.persistence = new Persistence(link, backoff, clock, noProgress);
  }

  /** Sends until the coordinator has taken or refused it. */
  public Delivery send(ReleasedMask mask, Halt halt) throws IOException {
    MaskSubmission submission = submission(mask);
    byte[] bytes = submission.toByteArray();
    ledger.record(
        new EgressEntry(
            mask.kind(),
            mask.round().study().value(),
            mask.round().number(),
            bytes.length,
            Digest.sha256(bytes),
            mask.kind() == EgressEntry.Kind.MASK_SHARES ? "the other sites" : "coordinator",
            0));
    return Delivery.of(
        persistence.run(
            halt,
            () ->
                CoordinationGrpc.newBlockingV2Stub(link.channel())
                    .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                    .submitMask(submission)
                    .getDuplicate()));
  }

  private static MaskSubmission submission(ReleasedMask mask) {
    MaskSubmission.Builder submission = MaskSubmission.newBuilder();
    SignedBytes first = mask.messages().getFirst();
    return switch (mask.kind()) {
      case MASK_KEYS -> submission.setKeys(MaskCodec.signed(first)).build();
      case MASK_SHARES -> submission.setParcels(MaskCodec.parcels(mask.messages())).build();
      case MASK_CONSENT -> submission.setConsent(MaskCodec.signed(first)).build();
      case MASK_RELEASE -> submission.setRelease(MaskCodec.signed(first)).build();
      case ENROL_REQUEST, DECISION, MANIFEST, UPDATE, REPORT, HEARTBEATS ->
          throw new IllegalStateException("not a message of masking: " + mask.kind());
    };
  }
}
