package org.consilium.coordinator.round;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.StudyEvent.Decided;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** Writes the journal of a study with many rounds behind it: legal events, no updates on disk. */
public final class LongJournal {
  private final Journal journal;
  private final String stream;
  private final List<JournalEntry.Event> waiting = new ArrayList<>();
  private StudyState state;
  private Instant now;

  /** Goes on where a created study's journal ends. */
  public LongJournal(StudyState created, Journal journal) {
    this.journal = journal;
    this.stream = RoundLoop.stream(created.plan().study());
    this.state = created;
    this.now = created.created().at();
  }

  /** Every site agrees, and so many rounds are completed by all of them. */
  public StudyState write(int rounds) throws IOException {
    List<SiteId> sites = state.plan().participation().sites();
    for (SiteId site : sites) {
      add(new Decided(now, site, true, "", 1000));
    }
    add(new Started(now));
    for (int round = 1; round <= rounds; round++) {
      round(sites, round);
      flush();
    }
    return state;
  }

  private void round(List<SiteId> sites, int round) {
    Opening opening =
        new Opening(
            round,
            1,
            state.latest().model(),
            sites.stream().map(s -> new Member(s, digest("key/" + s), 1000, 0)).toList(),
            state.plan().participation().quorum(),
            1000,
            List.of(0),
            now,
            now.plus(Duration.ofMinutes(30)),
            0);
    add(new RoundOpened(opening));
    for (int i = 0; i < sites.size(); i++) {
      String name = sites.get(i) + "/" + round;
      now = now.plusMillis(10);
      Accepted update =
          new Accepted(
              sites.get(i),
              digest("upload/" + name),
              8,
              1000,
              1 + 0.01 * (i % 7) + 0.1 * (round % 3),
              0.5,
              4_000_000,
              Optional.of(digest("content/" + name)),
              0);
      add(new InRound(new UpdateAccepted(now, opening.place(), update)));
    }
    Model made = new Model(new ModelVersion(digest("model/" + round)), 4_000_000);
    add(
        new InRound(
            new ModelPublished(
                now,
                opening.place(),
                made,
                List.of(0),
                List.of(),
                new TreeMap<>(),
                now.plus(Duration.ofMinutes(5)))));
    for (int i = 0; i < sites.size(); i++) {
      now = now.plusMillis(10);
      add(new InRound(new ReportAccepted(now, sites.get(i), report(round, i, made.version()))));
    }
  }

  private ValidationReport report(int round, int site, ModelVersion model) {
    double auroc = Math.rint(100 * (0.7 + 0.0001 * round + 0.001 * site)) / 100;
    return new ValidationReport(
        new RoundId(state.plan().study(), round),
        0,
        model,
        100,
        0,
        List.of(
            measure(Subject.GLOBAL, Quantity.AUROC, auroc),
            measure(Subject.LOCAL_TRAINED, Quantity.AUROC, auroc - 0.05),
            measure(Subject.GLOBAL, Quantity.LOG_LOSS, 0.5)));
  }

  private static Measure measure(Subject subject, Quantity quantity, double value) {
    return new Measure(subject, Cases.HOLDOUT, quantity, value, value - 0.04, value + 0.03);
  }

  private void add(StudyEvent event) {
    waiting.add(EventKey.entry(stream, event, state.events(), 0));
    state = StudyMachine.next(state, event);
  }

  private void flush() throws IOException {
    try {
      List<JournalEntry> _ = journal.append(waiting);
    } catch (JournalConflict twice) {
      throw new IOException(twice);
    }
    waiting.clear();
  }

  private static Digest digest(String name) {
    return Digest.sha256(name.getBytes(StandardCharsets.UTF_8));
  }
}
