package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import org.consilium.site.session.EnrolmentCall;
import org.junit.jupiter.api.Test;

/** What a person reads when a token is not taken. */
final class JoiningTest {
  @Test
  void enrol_beforeTheSecondApproval_saysSoAndThatTheCommandMayBeRepeated() {
    Failure failure =
        refused(
            Status.FAILED_PRECONDITION.withDescription(
                "NOT_ON_ROSTER: enrol north-general-hospital: a second person has not approved the"
                    + " site yet"));

    assertThat(failure.getMessage())
        .isEqualTo("enrol north-general-hospital: a second person has not approved the site yet");
    assertThat(failure.hint())
        .contains("second approval is missing", "consilium site approve north", "same command")
        .doesNotContain("used before");
    assertThat(failure.kind()).isEqualTo(Failure.Kind.CONFLICT);
  }

  @Test
  void enrol_spentToken_saysThatItWasUsed() {
    Failure failure =
        refused(Status.ALREADY_EXISTS.withDescription("TOKEN_SPENT: enrol north: it was used"));

    assertThat(failure.hint()).contains("used before");
  }

  @Test
  void enrol_reasonWithControlCharacters_isMadeSafe() {
    Failure failure =
        refused(Status.PERMISSION_DENIED.withDescription("TOKEN_UNKNOWN: a\u001b[31m b"));

    assertThat(failure.getMessage()).isEqualTo("a?[31m b");
    assertThat(failure.hint()).isEmpty();
  }

  private static Failure refused(Status status) {
    return Joining.refused(EnrolmentCall.failed(status), "north");
  }
}
