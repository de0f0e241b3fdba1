package org.consilium.coordinator.round;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.protocol.SiteId;

/** What a robust rule did with each update, as it stands in the journal. */
final class HandlingCodec {
  private HandlingCodec() {}

  static List<org.consilium.proto.journal.Handling> encode(SortedMap<SiteId, Handling> handlings) {
    return handlings.entrySet().stream()
        .map(
            e ->
                org.consilium.proto.journal.Handling.newBuilder()
                    .setSite(e.getKey().value())
                    .setWhat(e.getValue().what().name())
                    .setMeasure(e.getValue().measure().name())
                    .setValue(e.getValue().value())
                    .setUsual(e.getValue().usual())
                    .build())
        .toList();
  }

  static SortedMap<SiteId, Handling> decode(List<org.consilium.proto.journal.Handling> entries) {
    SortedMap<SiteId, Handling> handlings = new TreeMap<>();
    for (var e : entries) {
      handlings.put(
          new SiteId(e.getSite()),
          new Handling(
              Handling.What.valueOf(e.getWhat()),
              Handling.Measure.valueOf(e.getMeasure()),
              e.getValue(),
              e.getUsual()));
    }
    return handlings;
  }
}
