package org.consilium.coordinator.rpc;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.Optional;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.proto.v1.AuditCosign;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.Endorsement;
import org.consilium.security.witness.SignedCheckpoint;

/** Checkpoints and cosignatures as messages. */
final class CheckpointMessages {
  /** More certificates than any chain has. */
  private static final int CHAIN_MAX = 8;

  private CheckpointMessages() {}

  static CheckpointOffer offer(AuditLog.Offer offer) {
    CheckpointOffer.Builder message =
        CheckpointOffer.newBuilder()
            .setBody(ByteString.copyFrom(offer.checkpoint().body()))
            .setSignature(ByteString.copyFrom(offer.checkpoint().by().signature()));
    offer.checkpoint().by().chain().forEach(c -> message.addChain(ByteString.copyFrom(c)));
    offer.proof().forEach(hash -> message.addProof(ByteString.copyFrom(hash.bytes())));
    return message.build();
  }

  /** What a site says it knows; refuses a root without entries. */
  static Head head(AuditState state) {
    return new Head(state.getSize(), new Fingerprint(state.getRoot().toByteArray()));
  }

  /** The same as this coordinator signed it; older sites do not show it. */
  static Optional<SignedCheckpoint> proof(AuditState state) {
    if (state.getCheckpoint().isEmpty()) {
      return Optional.empty();
    }
    if (state.getChainCount() > CHAIN_MAX
        || state.getSerializedSize() > SignedCheckpoint.TEXT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "audit state: %d bytes, %d certificates"
              .formatted(state.getSerializedSize(), state.getChainCount()));
    }
    return Optional.of(
        new SignedCheckpoint(
            state.getCheckpoint().toByteArray(),
            new Endorsement(
                state.getSignature().toByteArray(),
                state.getChainList().stream().map(ByteString::toByteArray).toList())));
  }

  static Cosignature cosignature(AuditCosign cosign) {
    if (cosign.getChainCount() > CHAIN_MAX) {
      throw new IllegalArgumentException(
          "cosignature: %d certificates".formatted(cosign.getChainCount()));
    }
    return new Cosignature(
        Instant.ofEpochMilli(cosign.getTimeMillis()),
        new Endorsement(
            cosign.getSignature().toByteArray(),
            cosign.getChainList().stream().map(ByteString::toByteArray).toList()));
  }
}
