package org.consilium.site.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.Optional;
import org.consilium.proto.v1.AuditState;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Endorsement;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.protect.witness.AuditWitness.Memory;
import org.junit.jupiter.api.Test;

final class CheckpointCodecTest {
  private static final Head HEAD = new Head(9, Fingerprint.sha256(new byte[] {9}));

  @Test
  void state_checkpointThatWasSigned_goesAlongAsItIs() {
    SignedCheckpoint signed = signed(3, 700);

    AuditState state = state(Optional.of(signed));

    assertThat(state.getSize()).isEqualTo(9);
    assertThat(state.getRoot().toByteArray()).isEqualTo(HEAD.root().bytes());
    assertThat(
            new SignedCheckpoint(
                state.getCheckpoint().toByteArray(),
                new Endorsement(
                    state.getSignature().toByteArray(),
                    state.getChainList().stream().map(c -> c.toByteArray()).toList())))
        .isEqualTo(signed);
  }

  @Test
  void state_nothingSignedOrCertificatesTooLong_isNumbersAlone() {
    for (Optional<SignedCheckpoint> none :
        java.util.List.of(
            Optional.<SignedCheckpoint>empty(),
            Optional.of(signed(5, 10)),
            Optional.of(signed(2, 4000)))) {
      AuditState state = state(none);

      assertThat(state.getSize()).isEqualTo(9);
      assertThat(state.getCheckpoint().isEmpty()).isTrue();
      assertThat(state.getSignature().isEmpty()).isTrue();
      assertThat(state.getChainCount()).isZero();
    }
  }

  @Test
  void state_longestThatGoesAlong_isWithinWhatTheExitLetsOut() {
    var message = CheckpointCodec.state(new Memory(HEAD, Optional.of(signed(4, 1742))));

    assertThat(message.getAuditState().getChainCount()).isEqualTo(4);
    assertThat(message.getSerializedSize()).isLessThanOrEqualTo(Kind.AUDIT_STATE.bytesMax());
  }

  private static AuditState state(Optional<SignedCheckpoint> signed) {
    return CheckpointCodec.state(new Memory(HEAD, signed)).getAuditState();
  }

  private static SignedCheckpoint signed(int certificates, int bytesEach) {
    return new SignedCheckpoint(
        new byte[200],
        new Endorsement(new byte[64], Collections.nCopies(certificates, new byte[bytesEach])));
  }
}
