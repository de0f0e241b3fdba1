package org.consilium.sim.virtual.history;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.ChainHash;
import org.consilium.sim.virtual.history.Attempts.Attempt;
import org.consilium.sim.virtual.history.Attempts.Place;

/**
 * Holds what could be seen of a run against the invariants: entries as the database took them,
 * answers as sites got them, files as the disk has them. Reads the journal by its keys and not with
 * the product's machine, so that the two can disagree.
 */
public final class Checker {
  private final History history;
  private final Reference reference;
  private final Attempts attempts = new Attempts();
  private final List<byte[]> hashes = new ArrayList<>();
  private final Map<Digest, Place> acceptances = new HashMap<>();
  private final Set<String> acknowledged = new HashSet<>();
  private final Map<Sending, Digest> sent = new HashMap<>();
  private final Set<Digest> withdrawn = new HashSet<>();
  private final Set<String> summed = new HashSet<>();
  private final Map<String, Digest> pledges = new HashMap<>();
  private final Map<String, Boolean> kinds = new HashMap<>();
  private long carried;
  private Optional<ModelVersion> latest = Optional.empty();

  private record Sending(SiteId site, int round, Digest context) {}

  /** Checks against what an undisturbed aggregation would give. */
  public Checker(History history, Reference reference) {
    this.history = history;
    this.reference = reference;
  }

  /** The study's starting version. */
  public void began(ModelVersion initial) {
    latest = Optional.of(initial);
  }

  /** The last version. */
  public Optional<ModelVersion> latest() {
    return latest;
  }

  /** How many late updates counted in a later round. */
  public long carried() {
    return carried;
  }

  /** How many rounds made a version. */
  public long published() {
    return attempts.published();
  }

  /** The database has taken an entry. */
  public void committed(JournalEntry entry) {
    byte[] before = hashes.isEmpty() ? ChainHash.origin() : hashes.getLast();
    hashes.add(entry.hash(before));
    if (entry.sequence() != hashes.size()) {
      history.violated(
          Invariant.I5, "entry %d came as number %d".formatted(entry.sequence(), hashes.size()));
    }
    JournalEntry.Event event = entry.event();
    String[] key = event.key().split("/", -1);
    history.say("journal", event.type() + " " + event.key());
    switch (event.type()) {
      case "RoundOpened" -> opened(new Place(number(key[1]), number(key[2])), subject(event));
      case "UpdateAccepted" ->
          accepted(new Place(number(key[1]), number(key[2])), new SiteId(key[3]), subject(event));
      case "UpdateLost" -> attempts.last().ifPresent(a -> a.accepted.remove(new SiteId(key[1])));
      case "SiteRemoved" -> attempts.last().ifPresent(a -> a.accepted.remove(new SiteId(key[3])));
      case "ModelPublished" -> published(number(key[1]), new ModelVersion(subject(event)));
      default -> {}
    }
  }

  private void opened(Place place, Digest base) {
    Optional<Attempt> last = attempts.last();
    boolean next =
        last.isEmpty()
            ? place.equals(new Place(1, 1))
            : place.round() == last.get().place.round()
                ? place.attempt() == last.get().place.attempt() + 1
                : place.round() == last.get().place.round() + 1 && place.attempt() == 1;
    if (!next || attempts.published(place.round())) {
      history.violated(
          Invariant.I4,
          "%s was opened after %s"
              .formatted(place, last.map(a -> a.place.toString()).orElse("nothing")));
    }
    if (!latest.map(ModelVersion::digest).equals(Optional.of(base))) {
      history.violated(
          Invariant.I4, "%s begins with another version than the latest".formatted(place));
    }
    Attempt _ = attempts.open(place);
  }

  private void accepted(Place place, SiteId site, Digest upload) {
    Optional<Attempt> last = attempts.last().filter(a -> a.place.equals(place));
    if (last.isEmpty() || last.get().published) {
      history.violated(
          Invariant.I4, "an update of %s was accepted when %s was not open".formatted(site, place));
      return;
    }
    Digest earlier = last.get().accepted.put(site, upload);
    if (earlier != null) {
      history.violated(
          Invariant.I2, "two updates of %s were accepted in %s".formatted(site, place));
    }
    Place other = acceptances.put(upload, place);
    if (other != null && !other.equals(place)) {
      history.violated(
          Invariant.I5,
          "one update of %s was accepted in %s and in %s".formatted(site, other, place));
    }
  }

  private void published(int round, ModelVersion version) {
    Optional<Attempt> last = attempts.last().filter(a -> a.place.round() == round);
    if (last.isEmpty() || attempts.published(round)) {
      history.violated(Invariant.I4, "round %d made a version twice, or unopened".formatted(round));
      return;
    }
    Attempt attempt = last.get();
    attempt.published = true;
    RoundTask terms = attempt.terms.orElse(null);
    if (terms == null || latest.isEmpty()) {
      history.violated(Invariant.BUG, "%s made a version of no task".formatted(attempt.place));
      return;
    }
    reference.judge(
        history, attempt.place.toString(), terms, attempt.accepted, latest.get(), version);
    attempt.accepted.forEach((site, upload) -> summed(round, site, upload));
    latest = Optional.of(version);
  }

  /** A delta is in one sum, whichever round it was sent for. */
  private void summed(int round, SiteId site, Digest upload) {
    int origin = reference.origin(upload).orElse(round);
    carried += origin < round ? 1 : 0;
    if (!summed.add("%s %d".formatted(site, origin))) {
      history.violated(
          Invariant.I2,
          "the delta of %s for round %d is in two sums, the second of round %d"
              .formatted(site, origin, round));
    }
  }

  /** A site got a task for training, with its context. */
  public void tasked(RoundTask task, Digest context) {
    Place place = new Place(task.round(), task.attempt());
    attempts
        .find(place)
        .ifPresentOrElse(
            attempt -> {
              if (attempt.context.isPresent() && !attempt.context.get().equals(context)) {
                history.violated(Invariant.I4, "%s is asked for on two terms".formatted(place));
              }
              attempt.context = Optional.of(context);
              attempt.terms = Optional.of(task);
            },
            () ->
                history.violated(
                    Invariant.I5, "%s is asked for and is in no journal".formatted(place)));
  }

  /**
   * The coordinator said that an update counts.
   *
   * @param durable whether its files would survive the loss of power at this moment; only looked at
   *     while nobody has used them
   */
  public void acknowledged(SiteId site, RoundTask task, Digest upload, boolean durable) {
    Place place = new Place(task.round(), task.attempt());
    boolean first = acknowledged.add("%s %s".formatted(site, place));
    Place known = acceptances.get(upload);
    if (!place.equals(known)) {
      history.violated(
          Invariant.I1,
          "the update of %s for %s was acknowledged and is in no journal".formatted(site, place));
    } else if (first && !durable) {
      history.violated(
          Invariant.I1,
          "the update of %s for %s was acknowledged before its bytes were durable"
              .formatted(site, place));
    }
  }

  /** A site has thrown its updates of rounds before this one away: they are over for it. */
  public void forgot(SiteId site, int before) {
    sent.keySet().removeIf(key -> key.site().equals(site) && key.round() < before);
  }

  /**
   * A site sends an update: for one context always the same, or a new one for a late one.
   *
   * @param durable whether its files would survive the loss of power at this moment
   */
  public void uploading(
      SiteId site, RoundTask task, Digest context, Digest upload, boolean durable) {
    Digest earlier = sent.put(new Sending(site, task.round(), context), upload);
    boolean instead = earlier != null && withdrawn.contains(earlier);
    if (earlier != null && !earlier.equals(upload) && !instead) {
      history.violated(
          Invariant.I2,
          "%s sent two different updates for round %d, attempt %d"
              .formatted(site, task.round(), task.attempt()));
    } else if (!durable) {
      history.violated(
          Invariant.I2,
          "%s sent its update for round %d, attempt %d before it was durable"
              .formatted(site, task.round(), task.attempt()));
    }
  }

  /**
   * A site was told that this late update cannot count: it may train for the round instead. Where
   * power is lost before that is durable, it seals the late delta once more.
   */
  public void withdrawn(Digest upload) {
    boolean _ = withdrawn.add(upload);
  }

  /** A site signed a set of survivors. */
  public void pledged(SiteId site, MaskMessage.Consent consent) {
    String of = "%s %d".formatted(site, consent.place().round().number());
    Digest earlier = pledges.putIfAbsent(of, consent.survivors());
    if (earlier != null && !earlier.equals(consent.survivors())) {
      history.violated(
          Invariant.I6,
          "%s signed a second set of survivors in round %d"
              .formatted(site, consent.place().round().number()));
    }
  }

  /** A site released shares. */
  public void released(SiteId site, MaskMessage.Release release) {
    int round = release.place().round().number();
    for (MaskMessage.Share share : release.shares()) {
      String of = "%s %d %d".formatted(site, round, share.of());
      Boolean earlier = kinds.putIfAbsent(of, share.pairKey());
      if (earlier != null && earlier != share.pairKey()) {
        history.violated(
            Invariant.I6,
            "%s released both kinds of share of number %d in round %d"
                .formatted(site, share.of(), round));
      }
    }
  }

  /** A message of masking leaves a site while a file of its notes would not survive. */
  public void leavesUnnoted(SiteId site, String message, int round, String file) {
    history.violated(
        Invariant.I6,
        "%s sent its %s of round %d before %s was durable".formatted(site, message, round, file));
  }

  /** Walks the whole journal, as an auditor would. */
  public void audit(List<JournalEntry.Stored> entries) {
    byte[] before = ChainHash.origin();
    if (entries.size() != hashes.size()) {
      history.violated(
          Invariant.I5,
          "%d entries were taken and %d are there".formatted(hashes.size(), entries.size()));
    }
    for (int i = 0; i < entries.size(); i++) {
      JournalEntry.Stored stored = entries.get(i);
      byte[] hash = stored.entry().hash(before);
      boolean whole =
          Arrays.equals(before, stored.previous())
              && Arrays.equals(hash, stored.hash())
              && (i >= hashes.size() || Arrays.equals(hash, hashes.get(i)));
      if (!whole) {
        history.violated(Invariant.I5, "entry %d is not the one that was taken".formatted(i + 1));
        return;
      }
      before = hash;
    }
  }

  private static Digest subject(JournalEntry.Event event) {
    return Digest.of(event.by().flatMap(by -> by.subject()).orElseThrow().bytes());
  }

  private static int number(String word) {
    return Integer.parseInt(word);
  }
}
