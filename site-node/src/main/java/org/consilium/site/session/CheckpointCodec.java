package org.consilium.site.session;

import com.google.protobuf.ByteString;
import java.util.List;
import org.consilium.proto.v1.AuditCosign;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.MalformedMessage;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Endorsement;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.ReleasedCosignature;

/** Checkpoints, cosignatures and what is known, as messages. */
final class CheckpointCodec {
  /** A consistency proof between two trees of 2^63 leaves has no more. */
  private static final int PROOF_MAX = 128;

  private static final int CHAIN_MAX = 8;

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

  static SiteMessage state(Head known) {
    return SiteMessage.newBuilder()
        .setAuditState(
            AuditState.newBuilder()
                .setSize(known.size())
                .setRoot(ByteString.copyFrom(known.root().bytes())))
        .build();
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
