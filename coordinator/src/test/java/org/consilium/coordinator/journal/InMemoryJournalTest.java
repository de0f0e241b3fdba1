package org.consilium.coordinator.journal;

import java.time.InstantSource;

final class InMemoryJournalTest extends JournalContract {
  @Override
  Journal fresh(InstantSource clock) {
    return new InMemoryJournal(clock);
  }
}
