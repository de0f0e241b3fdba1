package org.consilium.sim.virtual.part;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainJudge;
import org.consilium.security.sign.ChainRefused;

/**
 * Remembers which chains were found right: a simulated consortium has a handful, and shows them
 * millions of times. The time of day of the first look counts, so certificates do not run out in a
 * simulation.
 */
final class KnownChains implements ChainJudge {
  /** Chains of one consortium: its sites' and the aggregation key's. */
  private static final int KNOWN_MAX = 64;

  private final ChainJudge judge;
  private final Map<Seen, SpiffeId> known = new ConcurrentHashMap<>();

  private record Seen(List<X509Certificate> chain, SpiffeId.Kind kind) {}

  KnownChains(ChainJudge judge) {
    this.judge = judge;
  }

  @Override
  public SpiffeId verify(List<X509Certificate> chain, SpiffeId.Kind required) throws ChainRefused {
    Seen seen = new Seen(chain, required);
    SpiffeId id = known.get(seen);
    if (id == null) {
      id = judge.verify(chain, required);
      if (known.size() < KNOWN_MAX) {
        SpiffeId _ = known.put(seen, id);
      }
    }
    return id;
  }
}
