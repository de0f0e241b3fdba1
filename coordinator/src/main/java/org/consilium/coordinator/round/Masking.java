package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/**
 * How far the masking of one attempt is (protocol CSA1, docs/PROTOCOL.md): whose messages are on
 * disk, by their SHA-256. Immutable.
 *
 * @param phase what is waited for
 * @param until when the phase ends without those who are late
 * @param keys of phase 1; from {@link Phase#SHARES} on exactly U1
 * @param parcels of phase 2; from {@link Phase#UPLOADS} on exactly U2
 * @param consents of phase 4
 * @param releases of phase 5
 * @param refused sites whose released shares turned out to be wrong
 * @param complaints of sites about what another dealt them
 */
public record Masking(
    Phase phase,
    Instant until,
    SortedMap<SiteId, Digest> keys,
    SortedMap<SiteId, Digest> parcels,
    SortedMap<SiteId, Digest> consents,
    SortedMap<SiteId, Digest> releases,
    SortedSet<SiteId> refused,
    SortedMap<SiteId, Digest> complaints) {
  public Masking {
    keys = sorted(keys);
    parcels = sorted(parcels);
    consents = sorted(consents);
    releases = sorted(releases);
    refused = Collections.unmodifiableSortedSet(new TreeSet<>(refused));
    complaints = sorted(complaints);
  }

  /** What is waited for. */
  public enum Phase {
    /** The round is sealed: nothing is masked. */
    OFF,
    KEYS,
    SHARES,
    UPLOADS,
    CONSENT,
    RELEASE
  }

  static Masking off(Instant at) {
    return start(Phase.OFF, at);
  }

  static Masking keying(Instant until) {
    return start(Phase.KEYS, until);
  }

  private static Masking start(Phase phase, Instant until) {
    Map<SiteId, Digest> none = Map.of();
    return new Masking(
        phase,
        until,
        new TreeMap<>(none),
        new TreeMap<>(none),
        new TreeMap<>(none),
        new TreeMap<>(none),
        new TreeSet<>(),
        new TreeMap<>(none));
  }

  /** Whether a site may deliver its update: it shared its secrets, or nothing is masked. */
  public boolean lets(SiteId site) {
    return switch (phase) {
      case OFF -> true;
      case KEYS, SHARES -> false;
      case UPLOADS, CONSENT, RELEASE -> parcels.containsKey(site);
    };
  }

  /** The messages of a kind, by site. */
  public SortedMap<SiteId, Digest> of(Kind kind) {
    return switch (kind) {
      case KEYS -> keys;
      case PARCELS -> parcels;
      case CONSENT -> consents;
      case RELEASE -> releases;
      case COMPLAINT -> complaints;
    };
  }

  Masking with(Kind kind, SiteId site, Digest message) {
    return new Masking(
        phase,
        until,
        kind == Kind.KEYS ? plus(keys, site, message) : keys,
        kind == Kind.PARCELS ? plus(parcels, site, message) : parcels,
        kind == Kind.CONSENT ? plus(consents, site, message) : consents,
        kind == Kind.RELEASE ? plus(releases, site, message) : releases,
        refused,
        kind == Kind.COMPLAINT ? plus(complaints, site, message) : complaints);
  }

  /** The next phase; what was collected without those who left in the meantime. */
  Masking next(Phase following, Instant end, Set<SiteId> gone) {
    return new Masking(
        following,
        end,
        phase == Phase.KEYS ? minus(keys, gone) : keys,
        phase == Phase.SHARES ? minus(parcels, gone) : parcels,
        consents,
        releases,
        refused,
        complaints);
  }

  Masking refusing(Set<SiteId> more) {
    SortedSet<SiteId> all = new TreeSet<>(refused);
    all.addAll(more);
    return new Masking(phase, until, keys, parcels, consents, releases, all, complaints);
  }

  /** Releases that may still be right. */
  long usable() {
    return releases.keySet().stream().filter(s -> !refused.contains(s)).count();
  }

  private static SortedMap<SiteId, Digest> plus(
      SortedMap<SiteId, Digest> map, SiteId site, Digest message) {
    SortedMap<SiteId, Digest> more = new TreeMap<>(map);
    more.put(site, message);
    return more;
  }

  private static SortedMap<SiteId, Digest> minus(SortedMap<SiteId, Digest> map, Set<SiteId> gone) {
    SortedMap<SiteId, Digest> fewer = new TreeMap<>(map);
    fewer.keySet().removeAll(gone);
    return fewer;
  }

  private static SortedMap<SiteId, Digest> sorted(Map<SiteId, Digest> map) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }
}
