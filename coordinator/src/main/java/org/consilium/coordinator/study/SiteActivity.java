package org.consilium.coordinator.study;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.consilium.protocol.SiteId;

/** What sites do in a study, as far as nothing depends on it: kept in memory, for people. */
final class SiteActivity {
  private final Map<SiteId, String> phases = new ConcurrentHashMap<>();
  private final Map<SiteId, LongAdder> sent = new ConcurrentHashMap<>();

  void phase(SiteId site, String phase) {
    phases.put(site, phase);
  }

  void sent(SiteId site, long bytes) {
    sent.computeIfAbsent(site, _ -> new LongAdder()).add(bytes);
  }

  String phase(SiteId site) {
    return phases.getOrDefault(site, "");
  }

  long sent(SiteId site) {
    LongAdder adder = sent.get(site);
    return adder == null ? 0 : adder.sum();
  }
}
