package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.Pledge.Judgement;
import org.junit.jupiter.api.Test;

final class PledgeTest {
  private static final Fingerprint FIRST = Fingerprint.sha256(new byte[] {1});
  private static final Fingerprint SECOND = Fingerprint.sha256(new byte[] {2});
  private static final Fingerprint SET = Fingerprint.sha256(new byte[] {3});
  private static final Fingerprint OTHER_SET = Fingerprint.sha256(new byte[] {4});

  @Test
  void judge_first_signs() {
    assertThat(Pledge.judge(Optional.empty(), FIRST, SET))
        .isEqualTo(new Judgement.Sign(new Pledge(FIRST, SET)));
    assertThat(Pledge.mayMask(Optional.empty(), FIRST)).isTrue();
  }

  @Test
  void judge_sameAgain_signsAgain() {
    Optional<Pledge> earlier = Optional.of(new Pledge(FIRST, SET));

    assertThat(Pledge.judge(earlier, FIRST, SET))
        .isEqualTo(new Judgement.SignAgain(new Pledge(FIRST, SET)));
    assertThat(Pledge.mayMask(earlier, FIRST)).isTrue();
  }

  @Test
  void badInput_22_judge_otherSetOrAttempt_refusedAndBurnt() {
    Optional<Pledge> earlier = Optional.of(new Pledge(FIRST, SET));

    Judgement otherSet = Pledge.judge(earlier, FIRST, OTHER_SET);
    Judgement otherAttempt = Pledge.judge(earlier, SECOND, SET);

    assertThat(otherSet)
        .isInstanceOfSatisfying(
            Judgement.Refuse.class,
            refuse -> assertThat(refuse.detail()).contains("was signed in this attempt"));
    assertThat(otherAttempt)
        .isInstanceOfSatisfying(
            Judgement.Refuse.class, refuse -> assertThat(refuse.detail()).contains("burnt"));
    assertThat(Pledge.mayMask(earlier, SECOND)).isFalse();
  }
}
