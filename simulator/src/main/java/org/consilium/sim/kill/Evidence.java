package org.consilium.sim.kill;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.journal.SqlJournal;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.ChainedLog;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Attribution;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.ProcessEvent;

/**
 * What is left of a trial, read from the disks after its end.
 *
 * @param versions digest of each round's model, in order
 * @param accepted updates in the journal
 * @param receipts updates that a site was told are accepted
 * @param faults what must not be; empty when all is as it has to be
 * @param reached fail-points that processes said they have reached, in order of the logs
 * @param entries times of the study's entries in the journal, rising
 * @param took from the study's start to its end
 * @param events starts and ends of the processes
 */
public record Evidence(
    List<String> versions,
    int accepted,
    int receipts,
    List<String> faults,
    List<String> reached,
    List<Instant> entries,
    Duration took,
    List<ProcessEvent> events) {
  private static final Pattern RECEIPT =
      Pattern.compile(
          "TRAIN \\S+ round (\\d+): update (\\p{XDigit}+) (accepted|was there already)");
  private static final Pattern REACHED = Pattern.compile("fail-point reached: (\\S+)");
  private static final Pattern CONSENT =
      Pattern.compile(
          "^(?=.*\"kind\":\"u3-signature\")(?=.*\"round\":(?<round>\\d+))"
              + "(?=.*\"sha256\":\"(?<digest>\\p{XDigit}{64})\")");
  private static final Pattern UPDATE = Pattern.compile("update/(\\d+)/(\\d+)/([^/]+)/\\d+");

  public Evidence {
    versions = List.copyOf(versions);
    faults = List.copyOf(faults);
    reached = List.copyOf(reached);
    entries = List.copyOf(entries);
    events = List.copyOf(events);
  }

  /** Digest of the last round's model. */
  public String version() {
    return versions.getLast();
  }

  static Evidence of(
      Trial trial,
      LocalConsortium.Layout layout,
      StudyView end,
      Duration took,
      List<ProcessEvent> events,
      InstantSource clock)
      throws IOException {
    List<String> faults = new ArrayList<>();
    List<JournalEntry> journal = journal(layout.folder().resolve("coordinator"), faults, clock);
    Map<String, Integer> accepted = accepted(trial, journal, faults);
    published(trial, journal, faults);
    int receipts = 0;
    for (SiteId site : trial.ids()) {
      receipts += receipts(layout, site, accepted.keySet(), faults);
      Path ledger = layout.siteState(site).resolve("ledger.jsonl");
      ledger(ledger, site, faults);
      consents(trial, ledger, site, faults);
    }
    return new Evidence(
        end.rounds().stream()
            .filter(r -> r.outcome().equals("COMPLETED"))
            .map(StudyView.Round::version)
            .toList(),
        accepted.size(),
        receipts,
        faults,
        reached(layout),
        journal.stream().map(JournalEntry::time).toList(),
        took,
        events);
  }

  private static List<JournalEntry> journal(Path state, List<String> faults, InstantSource clock)
      throws IOException {
    List<JournalEntry> entries = new ArrayList<>();
    SqlJournal journal = SqlJournal.open(state, clock);
    try {
      long firstBad = journal.firstBadEntry();
      if (firstBad != 0) {
        faults.add("I5: entry %d of the journal does not fit the chain".formatted(firstBad));
      }
      journal.replay("study:" + Trial.STUDY, entries::add);
    } finally {
      journal.close();
    }
    return entries;
  }

  /** Updates by digest, with their round; each is there once, and each round has one of a site. */
  private static Map<String, Integer> accepted(
      Trial trial, List<JournalEntry> journal, List<String> faults) {
    Map<String, Integer> updates = new HashMap<>();
    Map<Integer, Map<Integer, Set<String>>> sites = new TreeMap<>();
    for (JournalEntry entry : journal) {
      Matcher key = UPDATE.matcher(entry.event().key());
      if (entry.event().type().equals("UpdateAccepted") && key.matches()) {
        int round = Integer.parseInt(key.group(1));
        int attempt = Integer.parseInt(key.group(2));
        String digest =
            entry
                .event()
                .by()
                .flatMap(Attribution::subject)
                .map(Fingerprint::hex)
                .orElse("nameless " + entry.sequence());
        if (updates.put(digest, round) != null) {
          faults.add("I2: update %s is accepted twice".formatted(digest));
        }
        boolean first =
            sites
                .computeIfAbsent(round, _ -> new TreeMap<>())
                .computeIfAbsent(attempt, _ -> new HashSet<>())
                .add(key.group(3));
        if (!first) {
          faults.add(
              "I2: two updates of %s are accepted in round %d, attempt %d"
                  .formatted(key.group(3), round, attempt));
        }
      }
    }
    for (int round = 1; round <= trial.rounds(); round++) {
      boolean whole =
          sites.getOrDefault(round, Map.of()).values().stream()
              .anyMatch(all -> all.size() == trial.sites());
      if (!whole) {
        faults.add("I1: no attempt of round %d has all updates".formatted(round));
      }
    }
    return updates;
  }

  private static void published(Trial trial, List<JournalEntry> journal, List<String> faults) {
    List<String> keys =
        journal.stream()
            .map(JournalEntry::event)
            .filter(e -> e.type().equals("ModelPublished"))
            .map(JournalEntry.Event::key)
            .toList();
    List<String> due =
        Stream.iterate(1, n -> n + 1).limit(trial.rounds()).map(n -> "published/" + n).toList();
    if (!keys.equals(due)) {
      faults.add("I4: rounds are closed %s".formatted(keys));
    }
  }

  /**
   * What a site was told is accepted must be in the journal: an acknowledged update is not lost.
   */
  private static int receipts(
      LocalConsortium.Layout layout, SiteId site, Set<String> accepted, List<String> faults)
      throws IOException {
    Set<String> told = new HashSet<>();
    Matcher line = RECEIPT.matcher(log(layout, site.value()));
    while (line.find()) {
      told.add(line.group(2));
      String brief = line.group(2);
      if (accepted.stream().noneMatch(digest -> digest.startsWith(brief))) {
        faults.add(
            "I1: update %s of %s in round %s was acknowledged and is lost"
                .formatted(brief, site, line.group(1)));
      }
    }
    return told.size();
  }

  private static void ledger(Path file, SiteId site, List<String> faults) throws IOException {
    ChainedLog.Verification verified = ChainedLog.verify(file);
    if (!verified.intact()) {
      faults.add("I8: the egress ledger of %s: %s".formatted(site, verified));
    }
  }

  /** A site signs one set of survivors in a round, over all attempts and lives. */
  private static void consents(Trial trial, Path ledger, SiteId site, List<String> faults)
      throws IOException {
    Map<String, Set<String>> signed = new TreeMap<>();
    for (String line : Files.readAllLines(ledger)) {
      Matcher consent = CONSENT.matcher(line);
      if (consent.find()) {
        signed
            .computeIfAbsent(consent.group("round"), _ -> new HashSet<>())
            .add(consent.group("digest"));
      }
    }
    // A site that was away may have been done without, but not in every round.
    boolean none = trial.mode().equals("masked") && signed.isEmpty();
    if (none || signed.values().stream().anyMatch(sets -> sets.size() != 1)) {
      faults.add("I6: %s signed %s".formatted(site, signed));
    }
  }

  private static List<String> reached(LocalConsortium.Layout layout) throws IOException {
    List<String> reached = new ArrayList<>();
    try (Stream<Path> logs = Files.list(layout.folder().resolve("logs"))) {
      for (Path log : logs.sorted().toList()) {
        Matcher line = REACHED.matcher(text(log));
        while (line.find()) {
          reached.add(line.group(1));
        }
      }
    }
    return reached;
  }

  private static String log(LocalConsortium.Layout layout, String name) throws IOException {
    return text(layout.folder().resolve("logs").resolve(name + ".log"));
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
