package org.consilium.coordinator.roster;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/**
 * Which sites are connected, when each was last heard, and which of them say that their hours are
 * over. Kept in memory only: after a restart every site counts as present until the grace time is
 * over, as if it had just been heard. Safe for use by many threads.
 */
public final class Presence {
  /** Studies for which a site may say that it is closed; a flood of names would fill memory. */
  private static final int STUDIES_MAX = 64;

  private final InstantSource clock;
  private final LongSupplier nanos;
  private final Duration grace;
  private final long started;
  private final Map<SiteId, Link> links = new HashMap<>();
  private final Map<SiteId, Heard> heard = new HashMap<>();
  private final Map<SiteId, Map<StudyId, Optional<Instant>>> closed = new HashMap<>();

  /**
   * Nobody has been heard yet.
   *
   * @param clock for people
   * @param nanos monotonic time, for decisions
   * @param grace how long a silent site still counts as present
   */
  public Presence(InstantSource clock, LongSupplier nanos, Duration grace) {
    this.clock = clock;
    this.nanos = nanos;
    this.grace = grace;
    this.started = nanos.getAsLong();
  }

  /** A site's open stream. */
  public interface Link {
    /** There may be something new for the site; called from any thread, returns at once. */
    void wake();

    /** The site opened another stream, or may no longer have one. */
    void close(Why why);
  }

  /** Why a stream is closed by the coordinator. */
  public enum Why {
    REVOKED,
    REPLACED,
    SHUTTING_DOWN
  }

  private record Heard(long nanos, Instant at) {}

  /** The site has a stream; an older one of it is closed. */
  public void connect(SiteId site, Link link) {
    Optional<Link> older;
    synchronized (this) {
      older = Optional.ofNullable(links.put(site, link));
      closed.remove(site); // it says so again if it is
      note(site);
    }
    older.ifPresent(old -> old.close(Why.REPLACED));
  }

  /** The stream is gone; nothing happens if it was replaced before. */
  public synchronized void disconnect(SiteId site, Link link) {
    if (links.remove(site, link)) {
      note(site);
    }
  }

  /** The site said something. */
  public synchronized void hear(SiteId site) {
    note(site);
  }

  /**
   * The site's hours for a study are over.
   *
   * @param opens when they begin again, if it says so
   */
  public synchronized void closed(SiteId site, StudyId study, Optional<Instant> opens) {
    Map<StudyId, Optional<Instant>> studies = closed.computeIfAbsent(site, _ -> new HashMap<>());
    if (studies.size() < STUDIES_MAX || studies.containsKey(study)) {
      studies.put(study, opens);
    }
  }

  /** The site's hours for a study have begun. */
  public synchronized void opened(SiteId site, StudyId study) {
    closed.getOrDefault(site, new HashMap<>()).remove(study);
  }

  /** Whether the site said that it is closed for a study, and is not yet to have opened. */
  public synchronized boolean isClosed(SiteId site, StudyId study) {
    Optional<Instant> opens = closed.getOrDefault(site, Map.of()).get(study);
    return opens != null && opens.map(at -> clock.instant().isBefore(at)).orElse(true);
  }

  /** When a closed site opens; empty if it is open, or does not say. */
  public synchronized Optional<Instant> opens(SiteId site, StudyId study) {
    return closed.getOrDefault(site, Map.of()).getOrDefault(study, Optional.empty());
  }

  /** Closes the stream of a site whose enrolment was revoked. */
  public void revoke(SiteId site) {
    Optional<Link> link;
    synchronized (this) {
      link = Optional.ofNullable(links.remove(site));
      heard.put(site, new Heard(nanos.getAsLong() - grace.toNanos() - 1, clock.instant()));
    }
    link.ifPresent(open -> open.close(Why.REVOKED));
  }

  /** Tells connected ones of these sites that there may be something for them. */
  public void wake(Collection<SiteId> sites) {
    Collection<Link> open = new java.util.ArrayList<>();
    synchronized (this) {
      sites.forEach(site -> Optional.ofNullable(links.get(site)).ifPresent(open::add));
    }
    open.forEach(Link::wake);
  }

  /** Whether its stream is open. */
  public synchronized boolean connected(SiteId site) {
    return links.containsKey(site);
  }

  /** Whether it is connected, or was heard within the grace time. */
  public synchronized boolean present(SiteId site) {
    Heard last = heard.get(site);
    long since = last == null ? started : last.nanos();
    return links.containsKey(site) || nanos.getAsLong() - since <= grace.toNanos();
  }

  /** When it was last heard by this process. */
  public synchronized Optional<Instant> lastSeen(SiteId site) {
    return Optional.ofNullable(heard.get(site)).map(Heard::at);
  }

  private void note(SiteId site) {
    heard.put(site, new Heard(nanos.getAsLong(), clock.instant()));
  }
}
