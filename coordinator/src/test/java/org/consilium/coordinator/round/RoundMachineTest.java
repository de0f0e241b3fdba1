package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.RuleUnmet;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundEvent.WindowClosed;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.ValidationReport;
import org.junit.jupiter.api.Test;

final class RoundMachineTest {
  private static final Instant T = Instant.parse("2026-03-01T08:00:00Z");
  private static final SiteId A = new SiteId("site-a");
  private static final SiteId B = new SiteId("site-b");
  private static final SiteId C = new SiteId("site-c");
  private static final Digest SOME = Digest.sha256(new byte[] {1});
  private static final Model MODEL = new Model(new ModelVersion(SOME), 1000);
  private static final Place PLACE = new Place(2, 1);
  private static final Opening OPENING =
      new Opening(
          2,
          1,
          MODEL,
          List.of(
              new Member(A, SOME, 100, 0), new Member(B, SOME, 200, 0), new Member(C, SOME, 50, 0)),
          2,
          200,
          List.of(3),
          T,
          T.plusSeconds(600),
          0);

  @Test
  void next_everyStateAndEvent_legalOrRefused() {
    List<String> legal = new ArrayList<>();
    for (RoundState state : states()) {
      for (RoundEvent event : events()) {
        try {
          RoundState next = RoundMachine.next(state, event);
          legal.add("%s + %s -> %s".formatted(name(state), name(event), name(next)));
        } catch (IllegalStateException refused) {
          assertThat(refused).hasMessageContaining("cannot happen in state " + name(state));
        }
      }
    }

    // The whole table, by hand; every other pair is refused.
    assertThat(legal)
        .containsExactly(
            "Collecting + UpdateAccepted -> Collecting",
            "Collecting + SiteDeclined -> Collecting",
            "Collecting + SiteRemoved -> Collecting",
            "Collecting + UpdateLost -> Collecting",
            "Collecting + DeadlinePassed -> Abandoned",
            "Aggregating + SiteRemoved -> Abandoned",
            "Aggregating + UpdateLost -> Collecting",
            "Aggregating + ModelPublished -> Validating",
            "Aggregating + RuleUnmet -> Abandoned",
            "Validating + ReportAccepted -> Validating",
            "Validating + ValidationClosed -> Closed",
            "Watching + ReportAccepted -> Watching",
            "Watching + WindowClosed -> Watched");
  }

  @Test
  void collecting_lastAnswer_closesAtOnce() {
    RoundState state = collecting(A);

    state = RoundMachine.next(state, accepted(B));
    assertThat(state).isInstanceOf(Collecting.class);
    state = RoundMachine.next(state, new SiteDeclined(T, PLACE, C, "DIVERGED"));

    assertThat(state).isInstanceOf(Aggregating.class);
    assertThat(state.updates().keySet()).containsExactly(A, B);
  }

  @Test
  void collecting_deadlineWithQuorum_goesOnWithout() {
    RoundState state = RoundMachine.next(collecting(A), accepted(C));

    state = RoundMachine.next(state, new DeadlinePassed(T, PLACE));

    assertThat(state).isInstanceOf(Aggregating.class);
  }

  @Test
  void collecting_quorumOutOfReach_isAbandoned() {
    RoundState state = RoundMachine.next(collecting(), new SiteDeclined(T, PLACE, A, "X"));

    state = RoundMachine.next(state, new SiteDeclined(T, PLACE, B, "X"));

    assertThat(state)
        .isInstanceOfSatisfying(
            Abandoned.class,
            a ->
                assertThat(a.detail())
                    .isEqualTo(
                        "sites declined: 0 of at least 2 updates, 3 sites asked, 2 declined"));
  }

  @Test
  void badInput_19_removedWhileCollecting_dropsOutWithItsUpdate() {
    RoundState state = RoundMachine.next(collecting(A, B), new SiteRemoved(T, PLACE, A));

    assertThat(state.updates().keySet()).containsExactly(B);
    state = RoundMachine.next(state, accepted(C));
    assertThat(state).isInstanceOf(Aggregating.class);
    assertThat(state.updates().keySet()).containsExactly(B, C);
  }

  @Test
  void badInput_19_removedBeforeAggregation_quorumDecides() {
    RoundState all = collecting(A, B, C);
    assertThat(all).isInstanceOf(Aggregating.class);

    RoundState two = RoundMachine.next(all, new SiteRemoved(T, PLACE, A));
    assertThat(two).isInstanceOf(Aggregating.class);
    assertThat(two.updates().keySet()).containsExactly(B, C);
    RoundState one = RoundMachine.next(two, new SiteRemoved(T, PLACE, B));
    assertThat(one)
        .isInstanceOfSatisfying(
            Abandoned.class,
            a ->
                assertThat(a.detail())
                    .isEqualTo(
                        "sites removed: 1 of at least 2 updates, 3 sites asked, 2 declined"));
  }

  @Test
  void updateAccepted_twiceOrFromOutsideOrOfAnotherAttempt_refused() {
    RoundState state = collecting(A);

    assertThatThrownBy(() -> RoundMachine.next(state, accepted(A)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> RoundMachine.next(state, accepted(new SiteId("site-x"))))
        .isInstanceOf(IllegalStateException.class);
    UpdateAccepted late = new UpdateAccepted(T, new Place(2, 2), update(B));
    assertThatThrownBy(() -> RoundMachine.next(state, late))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void codec_everyEvent_comesBackEqual() {
    for (RoundEvent event : events()) {
      StudyEvent inRound = new StudyEvent.InRound(event);
      assertThat(EventCodec.decode(EventCodec.encode(inRound))).isEqualTo(inRound);
    }
    for (StudyEvent event :
        List.of(
            new StudyEvent.Decided(T, A, false, "MODE_REFUSED", 0),
            new StudyEvent.Started(T),
            new StudyEvent.Paused(T, "why"),
            new StudyEvent.Resumed(T),
            new StudyEvent.Ended(T, false, "stopped"),
            new StudyEvent.RoundOpened(OPENING),
            new StudyEvent.WindowOpened(T, 1, MODEL, List.of(A, B), T.plusSeconds(5)))) {
      assertThat(EventCodec.decode(EventCodec.encode(event))).isEqualTo(event);
    }
  }

  private static List<RoundState> states() {
    TreeMap<SiteId, Accepted> one = new TreeMap<>(java.util.Map.of(A, update(A)));
    return List.of(
        collecting(A),
        new Aggregating(OPENING, one, new TreeMap<>(), 0, Masking.off(T)),
        new Validating(OPENING, one, MODEL, T, T.plusSeconds(60), new TreeMap<>()),
        new Closed(OPENING, one, MODEL, T, new TreeMap<>(), T),
        new Abandoned(OPENING, one, "deadline", T, false),
        new Watching(0, MODEL, List.of(A, B), T, T.plusSeconds(60), new TreeMap<>()),
        new Watched(1, MODEL, T, new TreeMap<>(), T));
  }

  private static List<RoundEvent> events() {
    ValidationReport report =
        new ValidationReport(
            new RoundId(new StudyId("pneumonia"), 2), 0, MODEL.version(), 0, 0, List.of());
    return List.of(
        accepted(B),
        new SiteDeclined(T, PLACE, C, "DIVERGED"),
        new SiteRemoved(T, PLACE, A),
        new UpdateLost(T, PLACE, A, "torn", T.plusSeconds(9)),
        new DeadlinePassed(T, PLACE),
        new ModelPublished(
            T, PLACE, MODEL, List.of(2), List.of(), new TreeMap<>(), T.plusSeconds(60)),
        new RuleUnmet(T, PLACE, "krum needs at least 5 sites"),
        new ReportAccepted(T, B, report),
        new ValidationClosed(T, 2),
        new WindowClosed(T, 0),
        new MaskEvent.MaskTaken(T, PLACE, B, MaskEvent.Kind.PARCELS, SOME),
        new MaskEvent.MaskPhaseClosed(T, PLACE, MaskEvent.Kind.KEYS),
        new MaskEvent.SharesRefused(T, PLACE, List.of(A, B)),
        new MaskEvent.SumRefused(T, PLACE, "weights"));
  }

  private static RoundState collecting(SiteId... delivered) {
    RoundState state = RoundMachine.open(OPENING);
    for (SiteId site : delivered) {
      state = RoundMachine.next(state, accepted(site));
    }
    return state;
  }

  private static UpdateAccepted accepted(SiteId site) {
    return new UpdateAccepted(T, PLACE, update(site));
  }

  private static Accepted update(SiteId site) {
    return new Accepted(site, SOME, 3, 100, 1.5, 0.4, 1000);
  }

  private static String name(Object value) {
    return value.getClass().getSimpleName();
  }
}
