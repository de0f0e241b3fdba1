package org.consilium.site.session;

import com.google.protobuf.ByteString;
import java.util.List;
import org.consilium.proto.v1.AuditCosign;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.MalformedMessage;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Endorsement;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.protect.witness.ReleasedCosignature;

/** Checkpoints, cosignatures and what is known, as messages. */
final class CheckpointCodec {
  /** A consistency proof between two trees of 2^63 leaves has no more. */
  private static final int PROOF_MAX = 128;

  private static final int CHAIN_MAX = 8;

  /** Certificates of a checkpoint that may leave; more than four are never verified. */
  private static final int SHOWN_CHAIN_MAX = 4;

  /** Below what one message of this kind may have, so that the exit never holds it. */
  private static final int SHOWN_BYTES_MAX = 7 << 10;

  private CheckpointCodec() {}

  static SignedCheckpoint checkpoint(CheckpointOffer offer) {
    if (offer.getChainCount() > CHAIN_MAX) {
      throw new MalformedMessage(
          "checkpoint: %d certificates, at most %d".formatted(offer.getChainCount(), CHAIN_MAX));
    }
    return new SignedCheckpoint(
        offer.getBody().toByteArray(),
        new Endorsement(
            offer.getSignature().toByteArray(),
            offer.getChainList().stream().map(ByteString::toByteArray).toList()));
  }

  static List<Fingerprint> proof(CheckpointOffer offer) {
    if (offer.getProofCount() > PROOF_MAX) {
      throw new MalformedMessage(
          "checkpoint: a proof of %d hashes, at most %d"
              .formatted(offer.getProofCount(), PROOF_MAX));
    }
    try {
      return offer.getProofList().stream().map(h -> new Fingerprint(h.toByteArray())).toList();
    } catch (IllegalArgumentException illegal) {
      throw new MalformedMessage("checkpoint: " + illegal.getMessage(), illegal);
    }
  }

  /**
   * What this site knows, with the coordinator's signature, so that nobody has to believe a number.
   * Certificates that are unusually long stay here: the exit would hold them.
   */
  static SiteMessage state(AuditWitness.Memory known) {
    AuditState.Builder state =
        AuditState.newBuilder()
            .setSize(known.head().size())
            .setRoot(ByteString.copyFrom(known.head().root().bytes()));
    known
        .signed()
        .filter(CheckpointCodec::mayLeave)
        .ifPresent(
            signed ->
                state
                    .setCheckpoint(ByteString.copyFrom(signed.body()))
                    .setSignature(ByteString.copyFrom(signed.by().signature()))
                    .addAllChain(
                        signed.by().chain().stream().map(c -> ByteString.copyFrom(c)).toList()));
    return SiteMessage.newBuilder().setAuditState(state).build();
  }

  private static boolean mayLeave(SignedCheckpoint signed) {
    long bytes = signed.body().length;
    for (byte[] certificate : signed.by().chain()) {
      bytes += certificate.length;
    }
    return bytes <= SHOWN_BYTES_MAX && signed.by().chain().size() <= SHOWN_CHAIN_MAX;
  }

  static SiteMessage cosign(ReleasedCosignature released) {
    Endorsement by = released.cosignature().by();
    AuditCosign.Builder cosign =
        AuditCosign.newBuilder()
            .setSize(released.size())
            .setTimeMillis(released.cosignature().time().toEpochMilli())
            .setSignature(ByteString.copyFrom(by.signature()));
    by.chain().forEach(c -> cosign.addChain(ByteString.copyFrom(c)));
    return SiteMessage.newBuilder().setAuditCosign(cosign).build();
  }
}
