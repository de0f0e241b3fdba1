package org.consilium.site.upload;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.site.protect.ReleasedMask;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Halt;

/** Sends masking's messages; the exit has each in the ledger before. One thread at a time. */
public final class MaskSender {
  /** A few hundred kilobytes at most; they wait behind a transfer. */
  private static final long CALL_SECONDS = Limits.SENDING_LEASE.toSeconds();

  private final CoordinatorLink link;
  private final Persistence persistence;

  /**
   * For one coordinator.
   *
   * @param noProgress how long to try
   */
  public MaskSender(
      CoordinatorLink link, Backoff backoff, InstantSource clock, Duration noProgress) {
    this.link = link;
    this.persistence = new Persistence(link, backoff, clock, noProgress);
  }

  /** Sends until the coordinator has taken or refused it. */
  public Delivery send(ReleasedMask mask, Halt halt) throws IOException {
    MaskSubmission submission = submission(mask);
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
    switch (mask.kind()) {
      case KEYS -> submission.setKeys(MaskCodec.signed(first));
      case SHARES -> submission.setParcels(MaskCodec.parcels(mask.messages()));
      case U3_SIGNATURE -> submission.setConsent(MaskCodec.signed(first));
      case UNMASK_SHARES -> submission.setRelease(MaskCodec.signed(first));
      case COMPLAINT -> submission.setComplaint(MaskCodec.signed(first));
      default -> throw new IllegalStateException("not a message of masking: " + mask.kind());
    }
    return submission.build();
  }
}
