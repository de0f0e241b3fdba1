package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.consilium.security.audit.ChainedLog;
import org.consilium.security.identity.Credential;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;
import org.consilium.site.ledger.digest.DailyDigest;
import org.consilium.site.ledger.digest.Digests;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.protect.witness.AuditWitness;

/** What people at the hospital ask a node's state folder; works while the node runs. */
final class Overview {
  private final StateFolder state;
  private final InstantSource clock;

  Overview(StateFolder state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  Console.Result status() throws IOException, Failure {
    StateFolder.Membership membership = state.membership();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("site", membership.site());
    data.put("coordinator", membership.coordinator().host());
    data.put("joined", state.joined());
    data.put("paused", Files.exists(state.paused()));
    boolean running = false;
    if (Files.exists(state.status())) {
      Properties live = state.properties(state.status());
      running =
          ProcessHandle.of(Long.parseLong(live.getProperty("pid", "-1")))
              .map(ProcessHandle::isAlive)
              .orElse(false);
      if (running) {
        data.put("since", live.getProperty("since", ""));
        data.put("metrics", live.getProperty("metrics", ""));
      }
    }
    data.put("running", running);
    if (state.joined()) {
      data.put("certificateUntil", state.credential(StateFolder.TLS).expiresAt());
    }
    AuditWitness.View audit = AuditWitness.view(state.audit());
    data.put("auditCheckpoint", audit.last().map(AuditView::line).orElse("none yet"));
    audit
        .refusal()
        .ifPresent(
            refusal -> {
              data.put("AUDIT REFUSED", refusal);
              data.put("tasks", "none is done until people decide: consilium node audit");
            });
    Instant since = clock.instant().minus(Duration.ofHours(24));
    long bytes = 0;
    long messages = 0;
    long blocked = 0;
    for (LedgerLine line : lines()) {
      if (line.time().isAfter(since)) {
        boolean held = line.kind().equals(EgressLedger.BLOCKED);
        bytes += line.bytes();
        messages += held ? 0 : 1;
        blocked += held ? 1 : 0;
      }
    }
    data.put("egressBytes24h", bytes);
    data.put("egressMessages24h", messages);
    data.put("egressBlocked24h", blocked);
    PolicyFile.Read policy = new PolicyFile(state.policy(), clock).current();
    data.put(
        "policy",
        policy.complaint().isEmpty()
            ? policy.digest().map(d -> d.brief()).orElse("none: everything is refused")
            : policy.complaint());
    StringBuilder text = new StringBuilder();
    data.forEach((key, value) -> text.append("%-18s %s%n".formatted(key, value)));
    return new Console.Result(data, text.toString().stripTrailing());
  }

  Console.Result verify() throws IOException, Failure {
    if (!Files.exists(state.ledger())) {
      throw new Failure(Failure.Kind.CONFLICT, "there is no ledger in " + state.path(), "");
    }
    ChainedLog.Verification found = intact();
    int digests = checkDigests();
    return new Console.Result(
        Map.of(
            "entries", found.entries(), "head", found.head(), "digests", digests, "intact", true),
        "ledger intact: %d entries, head %s; %d daily digests fit it"
            .formatted(found.entries(), found.head(), digests));
  }

  /**
   * A node goes on only with the record of what left: its chain, and all that digests of its days
   * cover.
   */
  void requireRecord() throws IOException, Failure {
    ChainedLog.Verification _ = intact();
    requireFit();
  }

  private ChainedLog.Verification intact() throws IOException, Failure {
    ChainedLog.Verification found = LedgerFile.verify(state.ledger());
    if (!found.intact()) {
      throw broken(
          "entry %d is not intact; %d entries before it are"
              .formatted(found.firstBad().orElse(-1), found.entries()));
    }
    return found;
  }

  private void requireFit() throws IOException, Failure {
    Optional<String> misfit = state.digests().misfit();
    if (misfit.isPresent()) {
      throw broken(misfit.get());
    }
  }

  /** Every digest must be this site's, and what the ledger gives again. */
  private int checkDigests() throws IOException, Failure {
    List<Digests.Signed> all = state.digests().all();
    if (state.joined()) {
      Credential own = state.credential(StateFolder.TLS);
      for (Digests.Signed signed : all) {
        try {
          signed.verify(own.chain().getLast(), own.id().trustDomain());
        } catch (CheckpointRefused refused) {
          throw broken(
              "the digest of %s: %s".formatted(signed.digest().day(), refused.getMessage()));
        }
      }
    }
    requireFit();
    return all.size();
  }

  private static Failure broken(String what) {
    return new Failure(
        Failure.Kind.FAILED,
        "ledger: " + what,
        "keep the files and tell the data-protection officer");
  }

  /** What left on a day, signed; {@code today} is what left since the last digest. */
  Console.Result digest(String day) throws IOException, Failure {
    var _ = verify(); // signs nothing that is not intact
    Credential signing = state.credential(StateFolder.SIGNING);
    Digests digests = state.digests();
    var _ = digests.write(signing, clock.instant());
    Optional<Digests.Signed> found =
        day.equals("today") ? digests.soFar(signing, clock.instant()) : digests.of(date(day));
    Digests.Signed signed =
        found.orElseThrow(
            () ->
                new Failure(
                    Failure.Kind.CONFLICT,
                    "no digest ends with " + day,
                    "nothing left on that day, or it is not over"));
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("day", signed.digest().day().toString());
    data.put("first", signed.digest().first());
    data.put("last", signed.digest().last());
    data.put("head", signed.digest().head());
    List<Object> rows = new ArrayList<>();
    for (DailyDigest.Row row : signed.digest().rows()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("study", row.study());
      one.put("kind", row.kind());
      one.put("messages", row.messages());
      one.put("bytes", row.bytes());
      rows.add(one);
    }
    data.put("rows", rows);
    data.put("signed", signed.text());
    return new Console.Result(data, signed.text().stripTrailing());
  }

  private static LocalDate date(String day) {
    try {
      return LocalDate.parse(day);
    } catch (DateTimeParseException illegal) {
      throw new IllegalArgumentException("--digest: today, or a day such as 2026-11-28", illegal);
    }
  }

  /** How a ledger is printed. */
  enum Form {
    TABLE,
    CSV,
    JSON;

    static Form of(String word) {
      return switch (word) {
        case "csv" -> CSV;
        case "json" -> JSON;
        default -> throw new IllegalArgumentException("--export: csv or json");
      };
    }
  }

  /**
   * The ledger's lines.
   *
   * @param since how far back, such as 7d or 12h; empty for all
   */
  Console.Result ledger(Optional<String> study, Optional<String> since, Form form)
      throws IOException {
    Instant from = since.map(s -> clock.instant().minus(back(s))).orElse(Instant.MIN);
    List<LedgerLine> some =
        lines().stream()
            .filter(l -> study.isEmpty() || study.get().equals(l.text("study")))
            .filter(l -> !l.time().isBefore(from))
            .toList();
    List<Object> rows = new ArrayList<>();
    StringBuilder text = new StringBuilder("time\tkind\tstudy\tround\tbytes\tsha256\treaders");
    for (LedgerLine line : some) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("seq", line.seq());
      row.put("time", line.time());
      row.put("kind", line.kind());
      row.putAll(line.detail());
      rows.add(row);
      String sha256 = line.text("sha256");
      text.append(
          "\n%s\t%s\t%s\t%s\t%d\t%s\t%s"
              .formatted(
                  line.time(),
                  line.kind(),
                  line.text("study"),
                  line.text("round"),
                  line.bytes(),
                  sha256.substring(0, Math.min(12, sha256.length())),
                  line.text("readers")));
    }
    Map<String, Object> data = Map.of("entries", rows);
    return new Console.Result(
        data,
        switch (form) {
          case TABLE -> text.toString();
          case CSV -> LedgerFile.csv(some).stripTrailing();
          case JSON -> Json.of(data);
        });
  }

  private static Duration back(String text) {
    if (!text.matches("[0-9]{1,5}[dh]")) {
      throw new IllegalArgumentException("--since must be a number with d or h, such as 7d");
    }
    long number = Long.parseLong(text.substring(0, text.length() - 1));
    return text.endsWith("d") ? Duration.ofDays(number) : Duration.ofHours(number);
  }

  Console.Result pause(boolean yes) throws IOException {
    if (yes) {
      state.create();
      KeyFile.replace(state.paused(), new byte[0]);
    } else {
      Files.deleteIfExists(state.paused());
    }
    return new Console.Result(
        Map.of("paused", yes),
        yes ? "paused: nothing leaves and no new task begins, until: node resume" : "resumed");
  }

  private List<LedgerLine> lines() throws IOException {
    return Files.exists(state.ledger()) ? LedgerFile.read(state.ledger()) : List.of();
  }
}
