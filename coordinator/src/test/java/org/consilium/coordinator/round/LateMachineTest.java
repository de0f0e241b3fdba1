package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.study.TestPlan;
import org.consilium.proto.journal.StudyEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.PlanCodec;
import org.junit.jupiter.api.Test;

/** Late updates and closed sites as events. */
final class LateMachineTest {
  private static final Instant T = Instant.parse("2026-03-01T08:00:00Z");
  private static final SiteId A = new SiteId("site-a");
  private static final SiteId B = new SiteId("site-b");
  private static final SiteId C = new SiteId("site-c");
  private static final Digest SOME = Digest.sha256(new byte[] {1});
  private static final Model MODEL = new Model(new ModelVersion(SOME), 1000);
  private static final Place FIRST = new Place(1, 1);

  @Test
  void late_afterTheRound_notedOnceAndReplayed() {
    List<StudyEvent> events =
        List.of(
            created(),
            new Started(T),
            new RoundOpened(opening(2)),
            new InRound(new UpdateAccepted(T, FIRST, update(A, 0))),
            new InRound(new UpdateAccepted(T, FIRST, update(B, 0))),
            new InRound(new DeadlinePassed(T, FIRST)),
            new UpdateLate(T, FIRST, C, SOME),
            new InRound(
                new ModelPublished(
                    T, FIRST, MODEL, List.of(2), List.of(), new TreeMap<>(), T.plusSeconds(9))));

    StudyState state = replay(events);

    assertThat(state.lates()).containsExactly(new UpdateLate(T, FIRST, C, SOME));
    assertThat(state.late(FIRST, C)).isTrue();
    assertThat(state.notedLate(FIRST, C)).isTrue();
    assertThatThrownBy(() -> StudyMachine.next(state, new UpdateLate(T, FIRST, C, SOME)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> StudyMachine.next(state, new UpdateLate(T, new Place(2, 1), C, SOME)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void late_whileTheRoundIsOpen_cannotBe() {
    StudyState open = replay(List.of(created(), new Started(T), new RoundOpened(opening(2))));

    assertThat(open.late(FIRST, C)).isFalse();
    assertThatThrownBy(() -> StudyMachine.next(open, new UpdateLate(T, FIRST, C, SOME)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void codec_lateAndCarried_comeBackEqual_andEntriesFromBeforeReadAsOnTime() throws Exception {
    UpdateLate late = new UpdateLate(T, FIRST, C, SOME);
    assertThat(EventCodec.decode(EventCodec.encode(late))).isEqualTo(late);
    InRound carried = new InRound(new UpdateAccepted(T, new Place(4, 1), update(A, 3)));
    assertThat(EventCodec.decode(EventCodec.encode(carried))).isEqualTo(carried);

    // An entry as it was written before there was a field for it.
    StudyEntry.Builder before = StudyEntry.parseFrom(EventCodec.encode(carried)).toBuilder();
    before.getUpdateAcceptedBuilder().clearOrigin();
    assertThat(EventCodec.decode(before.build().toByteArray()))
        .isEqualTo(new InRound(new UpdateAccepted(T, new Place(4, 1), update(A, 0))));
  }

  @Test
  void closings_quorumThereAndTheRestClosed_waitedForNoLonger() {
    Collecting c = collecting(A, B);

    assertThat(Closings.next(c, C::equals, T))
        .contains(new SiteDeclined(T, FIRST, C, "OUTSIDE_HOURS"));
    assertThat(RoundMachine.next(c, Closings.next(c, C::equals, T).orElseThrow()))
        .isInstanceOf(RoundState.Aggregating.class);
    assertThat(Closings.next(c, _ -> false, T)).isEmpty();
  }

  @Test
  void closings_withoutQuorumOrWithAnotherOpen_waitsOn() {
    assertThat(Closings.next(collecting(A), _ -> true, T)).isEmpty();
    assertThat(Closings.next(collecting(), C::equals, T)).isEmpty();
    Collecting four = (Collecting) RoundMachine.open(opening(1));
    four = (Collecting) RoundMachine.next(four, new UpdateAccepted(T, FIRST, update(A, 0)));
    assertThat(Closings.next(four, C::equals, T)).isEmpty(); // site-b is open
  }

  private static Collecting collecting(SiteId... delivered) {
    RoundState state = RoundMachine.open(opening(2));
    for (SiteId site : delivered) {
      state = RoundMachine.next(state, new UpdateAccepted(T, FIRST, update(site, 0)));
    }
    return (Collecting) state;
  }

  private static StudyState replay(List<StudyEvent> events) {
    StudyState state = StudyMachine.open((Created) events.getFirst());
    for (StudyEvent event : events.subList(1, events.size())) {
      state = StudyMachine.next(state, EventCodec.decode(EventCodec.encode(event)));
    }
    return state;
  }

  private static Created created() {
    var plan = TestPlan.of(List.of(A, B, C)).plan();
    return new Created(T, plan, PlanCodec.encode(plan), MODEL, List.of());
  }

  private static Opening opening(int quorum) {
    return new Opening(
        1,
        1,
        MODEL,
        List.of(
            new Member(A, SOME, 100, 0), new Member(B, SOME, 90, 0), new Member(C, SOME, 80, 0)),
        quorum,
        100,
        List.of(3),
        T,
        T.plusSeconds(60),
        0);
  }

  private static Accepted update(SiteId site, int origin) {
    return new Accepted(site, SOME, 3, 100, 1.5, 0.4, 1000, Optional.empty(), origin);
  }
}
