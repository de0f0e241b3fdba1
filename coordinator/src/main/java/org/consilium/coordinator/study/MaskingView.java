package org.consilium.coordinator.study;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.coordinator.round.Dealers;
import org.consilium.coordinator.round.Masking;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.SiteId;

/**
 * How far the masking of an attempt is, for people.
 *
 * @param phase KEYS, SHARES, UPLOADS, CONSENT or RELEASE; empty once it is over
 * @param waiting whose part is waited for
 * @param until when the phase ends without them
 * @param blamed what sites said of what others dealt them, one line each
 */
public record MaskingView(
    Optional<Masking.Phase> phase,
    List<SiteId> waiting,
    Optional<Instant> until,
    List<String> blamed) {
  public MaskingView {
    waiting = List.copyOf(waiting);
    blamed = List.copyOf(blamed);
  }

  /** Of a round of a study; empty where nothing is masked. */
  static Optional<MaskingView> of(StudyState study, RoundState round) {
    Optional<Opening> opening = round.start().filter(Opening::masked);
    if (opening.isEmpty()) {
      return Optional.empty();
    }
    List<String> blamed = Dealers.words(study, opening.get().place());
    return Optional.of(
        round
            .masks()
            .map(
                masking ->
                    new MaskingView(
                        Optional.of(masking.phase()),
                        waiting(round, opening.get(), masking),
                        Optional.of(until(opening.get(), masking)),
                        blamed))
            .orElse(new MaskingView(Optional.empty(), List.of(), Optional.empty(), blamed)));
  }

  /** One line; empty when there is nothing to say. */
  public String words() {
    List<String> words = new ArrayList<>();
    phase.ifPresent(
        p ->
            words.add(
                "masking: %s%s"
                    .formatted(
                        p.name().toLowerCase(Locale.ROOT),
                        waiting.isEmpty() ? "" : " of " + names(waiting) + " awaited")));
    words.addAll(blamed);
    return String.join("; ", words);
  }

  private static List<SiteId> waiting(RoundState round, Opening opening, Masking masking) {
    Collection<SiteId> asked =
        switch (masking.phase()) {
          case KEYS -> opening.sites();
          case SHARES -> masking.keys().keySet();
          case UPLOADS -> masking.parcels().keySet();
          case CONSENT, RELEASE -> round.updates().keySet();
          case OFF -> List.of();
        };
    Collection<SiteId> came =
        switch (masking.phase()) {
          case KEYS -> masking.keys().keySet();
          case SHARES -> masking.parcels().keySet();
          case UPLOADS -> round.updates().keySet();
          case CONSENT -> masking.consents().keySet();
          case RELEASE -> masking.releases().keySet();
          case OFF -> List.of();
        };
    Collection<SiteId> declined =
        round instanceof RoundState.Collecting c ? c.declined().keySet() : List.of();
    return asked.stream()
        .filter(site -> !came.contains(site) && !declined.contains(site))
        .sorted()
        .toList();
  }

  /** Uploads may come until the round's own deadline. */
  private static Instant until(Opening opening, Masking masking) {
    return masking.phase() == Masking.Phase.UPLOADS ? opening.deadline() : masking.until();
  }

  private static String names(List<SiteId> sites) {
    return sites.stream().map(SiteId::value).collect(Collectors.joining(", "));
  }
}
