package org.consilium.coordinator.intake;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.coordinator.intake.Spool.Place;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/**
 * The uploads that are announced, at most one a site and study. Whoever looks one up waits for
 * nobody; whoever makes or removes one holds the desk of its site and study, so that what the disk
 * does for one site holds up no other. Safe for use by many threads.
 */
final class OpenUploads {
  /**
   * How often a site may announce another update than its last one, in one attempt. An honest site
   * makes one, and after a damaged spool or a power cut one or two more; every change costs a
   * removal and a forced write.
   */
  static final int CHANGES_MAX = 8;

  /** One for each study and site of its roster; they stay, for a lock must not be replaced. */
  private final Map<Key, Desk> desks = new ConcurrentHashMap<>();

  private final Map<Name, Upload> named = new ConcurrentHashMap<>();

  /** The latest attempt of each study that was spoken of. */
  private final Map<StudyId, Attempt> latest = new ConcurrentHashMap<>();

  /** All attempts of a study before this one are over. */
  private final Map<StudyId, Attempt> openFrom = new ConcurrentHashMap<>();

  private record Key(StudyId study, SiteId site) {}

  private record Name(SiteId site, Digest upload) {
    static Name of(Upload upload) {
      return new Name(upload.announced().site(), upload.announced().upload());
    }
  }

  /** Attempts of one study, in the order in which they are opened. */
  private record Attempt(int round, int number) {
    static Attempt of(Place place) {
      return new Attempt(place.round().number(), place.attempt());
    }

    boolean before(Attempt other) {
      return round < other.round || (round == other.round && number < other.number);
    }

    Attempt next() {
      return new Attempt(round, number + 1);
    }

    static Attempt later(Attempt one, Attempt other) {
      return one.before(other) ? other : one;
    }
  }

  /** A site's place in a study. Guarded by itself: whoever uses it holds it. */
  static final class Desk {
    private Optional<Upload> open = Optional.empty();
    private Optional<Place> counted = Optional.empty();
    private Optional<Digest> last = Optional.empty();
    private int changes;

    Optional<Upload> open() {
      return open;
    }

    /** Whether the site may announce this update; one that is not its last one is counted. */
    boolean lets(Place place, Digest upload) {
      if (!counted.equals(Optional.of(place))) {
        counted = Optional.of(place);
        last = Optional.empty();
        changes = 0;
      }
      boolean other = last.isPresent() && !last.get().equals(upload);
      if (other && changes == CHANGES_MAX) {
        return false;
      }
      changes += other ? 1 : 0;
      last = Optional.of(upload);
      return true;
    }
  }

  /** An upload that is open; nothing is waited for. */
  Optional<Upload> find(SiteId site, Digest upload) {
    return Optional.ofNullable(named.get(new Name(site, upload)));
  }

  /** Where a site's uploads of a study are made and removed; the same one every time. */
  Desk desk(Place place) {
    return desks.computeIfAbsent(new Key(place.round().study(), place.site()), _ -> new Desk());
  }

  /**
   * Whether an attempt is over for certain. Asked with the desk held: what is opened after a no is
   * seen by the {@link #keepOnly} that ends the attempt.
   */
  boolean over(Place place) {
    StudyId study = place.round().study();
    Attempt attempt = Attempt.of(place);
    var _ = latest.merge(study, attempt, Attempt::later);
    return Optional.ofNullable(openFrom.get(study)).filter(attempt::before).isPresent();
  }

  /** Makes an upload the one of a desk that is held and has none. */
  void open(Desk desk, Upload upload) {
    desk.open = Optional.of(upload);
    var _ = named.put(Name.of(upload), upload);
  }

  /** Lets go of the upload of a desk that is held, if it has one. */
  void close(Desk desk) throws IOException {
    Optional<Upload> gone = desk.open;
    desk.open = Optional.empty();
    if (gone.isPresent()) {
      boolean _ = named.remove(Name.of(gone.get()), gone.get());
      gone.get().close();
    }
  }

  /** Lets go of a study's uploads but for one attempt's; of earlier ones none is opened again. */
  void keepOnly(StudyId study, Optional<RoundId> round, int attempt) throws IOException {
    Optional<Attempt> kept = round.map(r -> new Attempt(r.number(), attempt));
    kept.ifPresent(k -> latest.merge(study, k, Attempt::later));
    kept.or(() -> Optional.ofNullable(latest.get(study)).map(Attempt::next))
        .ifPresent(first -> openFrom.merge(study, first, Attempt::later));
    for (Map.Entry<Key, Desk> entry : desks.entrySet()) {
      Desk desk = entry.getValue();
      if (entry.getKey().study().equals(study)) {
        synchronized (desk) {
          if (!desk.open.map(u -> Attempt.of(u.place())).equals(kept)) {
            close(desk);
          }
        }
      }
    }
  }
}
