package org.consilium.coordinator.round;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.protocol.StudyId;

/** A study told again from its journal, event by event. */
public final class Retelling {
  private Retelling() {}

  /** Is told of each event but the first, with the state that it met. */
  @FunctionalInterface
  public interface Listener {
    void event(StudyState before, StudyEvent event);
  }

  /** The state that the journal makes, if it has the study. */
  public static Optional<StudyState> of(StudyId study, Journal journal, Listener listener)
      throws IOException {
    List<StudyState> last = new ArrayList<>(1);
    journal.replay(
        RoundLoop.stream(study),
        entry -> {
          StudyEvent event = EventCodec.decode(entry.event().body());
          if (last.isEmpty()) {
            last.add(StudyMachine.open((Created) event));
          } else {
            StudyState before = last.removeLast();
            listener.event(before, event);
            last.add(StudyMachine.next(before, event));
          }
        });
    return last.stream().findFirst();
  }
}
