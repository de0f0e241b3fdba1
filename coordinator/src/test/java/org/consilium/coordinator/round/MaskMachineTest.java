package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.Masking.Phase;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

/** Five sites, threshold four: every phase with and without those who are late or gone. */
class MaskMachineTest {
  private static final Instant T = Instant.parse("2026-11-01T10:00:00Z");
  private static final Place PLACE = new Place(1, 1);
  private static final Digest SOME = Digest.sha256("some".getBytes(StandardCharsets.UTF_8));
  private static final List<SiteId> SITES =
      Stream.of("ash", "birch", "cedar", "dogwood", "elm").map(SiteId::new).toList();
  private static final Opening OPENING =
      new Opening(
          1,
          1,
          new Model(new ModelVersion(SOME), 1000),
          SITES.stream().map(s -> new Member(s, SOME, 100, 0)).toList(),
          3,
          100,
          List.of(3),
          T,
          T.plusSeconds(1200),
          4);

  @Test
  void round_everybodyThere_goesThroughAllPhases() {
    RoundState state = RoundMachine.open(OPENING);
    assertThat(phase(state)).isEqualTo(Phase.KEYS);
    assertThat(((Collecting) state).masking().until()).isEqualTo(T.plusSeconds(300));

    state = all(state, Kind.KEYS, SITES);
    assertThat(phase(state)).isEqualTo(Phase.SHARES);
    state = all(state, Kind.PARCELS, SITES);
    assertThat(phase(state)).isEqualTo(Phase.UPLOADS);
    state = uploads(state, SITES);
    assertThat(state).isInstanceOf(Unmasking.class);
    assertThat(phase(state)).isEqualTo(Phase.CONSENT);
    state = all(state, Kind.CONSENT, SITES.subList(0, 4));
    assertThat(phase(state)).isEqualTo(Phase.RELEASE);
    state = all(state, Kind.RELEASE, SITES.subList(1, 4));
    assertThat(state).isInstanceOf(Unmasking.class);
    state = all(state, Kind.RELEASE, SITES.subList(4, 5));

    assertThat(state).isInstanceOf(Aggregating.class);
    assertThat(((Aggregating) state).accepted()).hasSize(5);
  }

  @Test
  void setUp_oneLateWithKeys_goesOnWithoutIt() {
    RoundState state = all(RoundMachine.open(OPENING), Kind.KEYS, SITES.subList(0, 4));
    state = RoundMachine.next(state, new MaskPhaseClosed(T.plusSeconds(300), PLACE, Kind.KEYS));

    assertThat(phase(state)).isEqualTo(Phase.SHARES);
    assertThat(((Collecting) state).declined()).containsOnlyKeys(SITES.get(4));
    assertThat(((Collecting) state).masking().keys()).hasSize(4);
  }

  @Test
  void setUp_fewerThanThreshold_isAbandonedUnburnt() {
    RoundState state = all(RoundMachine.open(OPENING), Kind.KEYS, SITES.subList(0, 3));
    state = RoundMachine.next(state, new MaskPhaseClosed(T.plusSeconds(300), PLACE, Kind.KEYS));

    assertThat(state).isInstanceOfSatisfying(Abandoned.class, a -> assertThat(a.burnt()).isFalse());
  }

  @Test
  void collecting_removedAfterUpload_dropsOutAndItsSharesStay() {
    RoundState state = uploads(shared(), SITES.subList(0, 4));
    state = RoundMachine.next(state, new SiteRemoved(T, PLACE, SITES.get(0)));
    state = uploads(state, SITES.subList(4, 5));

    assertThat(state)
        .isInstanceOfSatisfying(
            Unmasking.class,
            u -> {
              assertThat(u.accepted()).doesNotContainKey(SITES.get(0)).hasSize(4);
              assertThat(u.masking().parcels()).containsKey(SITES.get(0)).hasSize(5);
            });
  }

  @Test
  void unmasking_nobodyLeavesTheSum() {
    RoundState state = uploads(shared(), SITES);

    assertThat(state.counting()).isEmpty();
    assertThatThrownBy(() -> RoundMachine.next(state, new SiteRemoved(T, PLACE, SITES.get(0))))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void unmasking_overdue_burnsTheRound() {
    RoundState state = all(uploads(shared(), SITES), Kind.CONSENT, SITES.subList(0, 2));
    state = RoundMachine.next(state, new DeadlinePassed(T.plusSeconds(9999), PLACE));

    assertThat(state)
        .isInstanceOfSatisfying(
            Abandoned.class,
            a -> {
              assertThat(a.burnt()).isTrue();
              assertThat(a.detail()).contains("2 of at least 4 consents");
            });
  }

  @Test
  void aggregating_wrongShares_waitsForOthersAndGivesUpWithTooFew() {
    RoundState state = released();
    RoundState again = RoundMachine.next(state, new SharesRefused(T, PLACE, List.of(SITES.get(0))));
    assertThat(again).isInstanceOf(Unmasking.class);
    assertThat(RoundMachine.next(again, taken(SITES.get(4), Kind.RELEASE)))
        .isInstanceOf(Aggregating.class);
    RoundState over =
        RoundMachine.next(state, new SharesRefused(T, PLACE, List.of(SITES.get(0), SITES.get(1))));
    assertThat(over).isInstanceOfSatisfying(Abandoned.class, a -> assertThat(a.burnt()).isTrue());
  }

  @Test
  void aggregating_sumOrUpdateBroken_burnsTheRound() {
    RoundState state = released();
    for (RoundEvent event :
        List.of(
            new SumRefused(T, PLACE, "weights"),
            new UpdateLost(T, PLACE, SITES.get(0), "torn", T.plusSeconds(9)))) {
      assertThat(RoundMachine.next(state, event))
          .isInstanceOfSatisfying(Abandoned.class, a -> assertThat(a.burnt()).isTrue());
    }
  }

  @Test
  void messages_outOfPhaseTwiceOrByStrangers_areRefused() {
    RoundState keying = all(RoundMachine.open(OPENING), Kind.KEYS, SITES.subList(0, 1));
    for (RoundEvent event :
        List.of(
            taken(SITES.get(0), Kind.KEYS),
            taken(SITES.get(1), Kind.PARCELS),
            taken(SITES.get(1), Kind.CONSENT),
            taken(new SiteId("stranger"), Kind.KEYS),
            new UpdateAccepted(T, PLACE, update(SITES.get(1))),
            new MaskPhaseClosed(T, PLACE, Kind.PARCELS))) {
      assertThatThrownBy(() -> RoundMachine.next(keying, event))
          .isInstanceOf(IllegalStateException.class);
    }
    RoundState unmasking = uploads(shared(), SITES);
    assertThatThrownBy(() -> RoundMachine.next(unmasking, taken(SITES.get(0), Kind.RELEASE)))
        .isInstanceOf(IllegalStateException.class);
  }

  private static RoundState shared() {
    return all(all(RoundMachine.open(OPENING), Kind.KEYS, SITES), Kind.PARCELS, SITES);
  }

  private static RoundState released() {
    RoundState state = all(uploads(shared(), SITES), Kind.CONSENT, SITES);
    return all(state, Kind.RELEASE, SITES.subList(0, 4));
  }

  private static RoundState all(RoundState state, Kind kind, List<SiteId> sites) {
    RoundState next = state;
    for (SiteId site : sites) {
      next = RoundMachine.next(next, taken(site, kind));
    }
    return next;
  }

  private static RoundState uploads(RoundState state, List<SiteId> sites) {
    RoundState next = state;
    for (SiteId site : sites) {
      next = RoundMachine.next(next, new UpdateAccepted(T, PLACE, update(site)));
    }
    return next;
  }

  private static MaskTaken taken(SiteId site, Kind kind) {
    return new MaskTaken(T, PLACE, site, kind, SOME);
  }

  private static Accepted update(SiteId site) {
    return new Accepted(site, SOME, 3, 100, 1.5, 0.4, 1000);
  }

  private static Phase phase(RoundState state) {
    return switch (state) {
      case Collecting c -> c.masking().phase();
      case Unmasking u -> u.masking().phase();
      default -> throw new AssertionError(state.toString());
    };
  }
}
