package org.consilium.site.protect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressBlocked.Step;

/**
 * The last door: every message of every call goes through {@link #pass} as the bytes that leave.
 * Pause, kind, schema, size, rate, small cells, privacy budget, canaries, policy, then the ledger
 * on disk, then it may be sent. What is held is written down as held. Safe for many threads.
 */
public final class EgressGate {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** Lines about held messages in a minute; a flood of them must not fill the disk. */
  static final int BLOCKED_LINES_A_MINUTE = 60;

  /** The small-cell rule where there is no study. */
  private static final int SMALL_CELL = 11;

  /** Updates on their way at a time; a node has one. */
  private static final int ANNOUNCED_MAX = 64;

  private final EgressLedger ledger;
  private final Checks checks;
  private final InstantSource clock;
  private final Consumer<EgressBlocked> watcher;
  private final Map<Kind, Integer> thisMinute = new EnumMap<>(Kind.class);
  private final Map<Digest, Long> announced = new HashMap<>();
  private Instant minuteBegan = Instant.MIN;
  private int blockedLines;
  private long counted;
  private long countedBytes;

  /**
   * What the steps ask.
   *
   * @param paused whether people have paused all egress
   * @param consent the hospital's policy
   * @param budget the privacy ledger
   * @param canaries words that must never leave
   */
  public record Checks(BooleanSupplier paused, Consent consent, Budget budget, Canaries canaries) {}

  /** The hospital's policy about a study, now. */
  @FunctionalInterface
  public interface Consent {
    /** How the study stands. */
    Standing of(StudyId study);
  }

  /**
   * How a study stands.
   *
   * @param refusal why nothing may leave for it, if so
   * @param mode its protection mode, in lower case; empty if it is not known
   * @param smallCell counts from 1 to below this are never released
   */
  public record Standing(Optional<Judgement.Refused> refusal, String mode, int smallCell) {}

  /** The privacy ledger: whether this may leave within what was spent. */
  @FunctionalInterface
  public interface Budget {
    /** No study adds noise: there is nothing to be charged. */
    Budget NOTHING_SPENT = _ -> Optional.empty();

    /** Why it may not, if so. */
    Optional<String> refusal(Outgoing message);
  }

  /**
   * Over a ledger.
   *
   * @param watcher told of everything that is held
   */
  public EgressGate(
      EgressLedger ledger, Checks checks, InstantSource clock, Consumer<EgressBlocked> watcher) {
    this.ledger = ledger;
    this.checks = checks;
    this.clock = clock;
    this.watcher = watcher;
  }

  /** Whether people have paused all that leaves. */
  public boolean paused() {
    return checks.paused().getAsBoolean();
  }

  /**
   * Lets a message out; when this returns, its ledger line is on disk and it may be sent.
   *
   * @throws EgressBlocked if it may not leave
   * @throws UncheckedIOException if the ledger cannot be written
   */
  public synchronized void pass(Outgoing message) {
    try {
      check(message);
      switch (message.kind().line()) {
        case EACH -> {
          ledger.record(message.entry());
          if (message.kind() == Kind.UNMASK_SHARES) {
            FailPoint.RELEASE_RECORDED.reach();
          }
        }
        case ANNOUNCED -> use(message);
        case COUNTED -> {
          counted++;
          countedBytes += message.bytes().length;
        }
      }
    } catch (EgressBlocked blocked) {
      throw held(blocked, message.kind().word(), message);
    } catch (IOException full) {
      throw new UncheckedIOException("ledger: " + full.getMessage(), full);
    }
  }

  /**
   * A message of a kind that is not declared; always held.
   *
   * @param name of the call; a word of the program, not of the message
   */
  public synchronized EgressBlocked undeclared(String name, byte[] bytes) {
    return held(
        new EgressBlocked(Step.KIND, Why.EGRESS_BLOCKED, name + " is not a declared kind"),
        "undeclared " + name,
        Outgoing.plain(Kind.HEARTBEATS, bytes));
  }

  /**
   * Writes the line of what is about to leave in parts; only so many bytes more pass after it.
   *
   * @throws EgressBlocked if nothing of it may leave
   */
  public synchronized void announce(EgressEntry entry, StudyId study) throws IOException {
    Outgoing message =
        new Outgoing(
            entry.kind(),
            Optional.of(study),
            entry.round(),
            true,
            new byte[0],
            entry.sha256(),
            entry.readers(),
            entry.norm());
    try {
      pause();
      policy(message, checks.consent().of(study));
    } catch (EgressBlocked blocked) {
      throw held(blocked, entry.kind().word(), message);
    }
    ledger.record(entry);
    if (announced.size() >= ANNOUNCED_MAX && !announced.containsKey(entry.sha256())) {
      announced.clear();
    }
    var _ = announced.merge(entry.sha256(), entry.bytes(), Long::sum);
  }

  /** Writes the line that counts the messages that have none of their own. */
  public synchronized void summarise() throws IOException {
    if (counted == 0) {
      return;
    }
    byte[] summary = ("heartbeats " + counted).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    ledger.record(
        new EgressEntry(
            Kind.HEARTBEATS, "", 0, countedBytes, Digest.sha256(summary), "coordinator", 0));
    counted = 0;
    countedBytes = 0;
  }

  private void check(Outgoing message) {
    Kind kind = message.kind();
    pause();
    WireSchema.Content content;
    try {
      content = Schemas.of(kind).read(message.bytes());
    } catch (WireSchema.Unfit unfit) {
      throw blocked(Step.SCHEMA, "%s: %s".formatted(kind.word(), unfit.getMessage()));
    }
    if (message.bytes().length > kind.bytesMax()) {
      throw blocked(Step.SIZE, "%s, at most %d".formatted(message, kind.bytesMax()));
    }
    rate(kind);
    Optional<Standing> standing = message.study().map(checks.consent()::of);
    int cell =
        Math.max(
            ReportProtector.SMALL_CELL_MIN, standing.map(Standing::smallCell).orElse(SMALL_CELL));
    if (content.counts().stream().anyMatch(n -> n != 0 && (n < cell || n < 0))) {
      throw blocked(Step.SMALL_CELL, "%s has a count below %d".formatted(kind.word(), cell));
    }
    Optional<String> spent = checks.budget().refusal(message);
    if (spent.isPresent()) {
      throw blocked(Step.PRIVACY_BUDGET, spent.get());
    }
    Optional<String> canary = checks.canaries().find(content.searched(), content.texts());
    if (canary.isPresent()) {
      throw blocked(Step.CANARY, "%s has %s".formatted(kind.word(), canary.get()));
    }
    standing.ifPresent(s -> policy(message, s));
  }

  private void pause() {
    if (paused()) {
      throw new EgressBlocked(Step.PAUSE, Why.PAUSED, "all egress is paused");
    }
  }

  private void rate(Kind kind) {
    Instant now = clock.instant();
    if (now.isBefore(minuteBegan) || !now.isBefore(minuteBegan.plus(MINUTE))) {
      minuteBegan = now;
      thisMinute.clear();
      blockedLines = 0;
    }
    if (thisMinute.merge(kind, 1, Integer::sum) > kind.minuteMax()) {
      throw blocked(Step.RATE, "%s, over %d in a minute".formatted(kind.word(), kind.minuteMax()));
    }
  }

  private static void policy(Outgoing message, Standing standing) {
    if (!message.consent()) {
      return;
    }
    if (standing.refusal().isPresent()) {
      Judgement.Refused refused = standing.refusal().get();
      throw new EgressBlocked(Step.POLICY, refused.why(), refused.detail());
    }
    boolean right =
        switch (message.kind().mode()) {
          case ANY -> true;
          case SEALED -> standing.mode().equals("sealed");
          case MASKED -> standing.mode().equals("masked");
        };
    if (!right) {
      throw new EgressBlocked(
          Step.POLICY,
          Why.MODE_REFUSED,
          "%s under mode %s".formatted(message.kind().word(), standing.mode()));
    }
  }

  private void use(Outgoing part) {
    // A part's own frame, a few dozen bytes, is not in the announced length.
    long data = Math.max(1, part.bytes().length - FRAME_BYTES_MAX);
    long left = announced.getOrDefault(part.digest(), 0L) - data;
    if (left < 0) {
      throw blocked(Step.ANNOUNCEMENT, "%s has no line in the ledger".formatted(part));
    }
    var _ = announced.put(part.digest(), left);
  }

  /** Field numbers, lengths, index and digest around a part's data. */
  private static final int FRAME_BYTES_MAX = 64;

  private static EgressBlocked blocked(Step step, String detail) {
    return new EgressBlocked(step, Why.EGRESS_BLOCKED, detail);
  }

  /** Writes down what was held; a pause is people's own wish and is not. */
  private EgressBlocked held(EgressBlocked blocked, String attempted, Outgoing message) {
    if (blocked.step() != Step.PAUSE && blockedLines < BLOCKED_LINES_A_MINUTE) {
      blockedLines++;
      EgressEntry entry = message.entry();
      try {
        ledger.recordBlocked(
            attempted,
            new EgressEntry.Blocked(entry.study(), entry.round(), entry.bytes(), entry.sha256()),
            blocked.step().word(),
            blocked.why().name());
      } catch (IOException full) {
        throw new UncheckedIOException("ledger: " + full.getMessage(), full);
      }
    }
    watcher.accept(blocked);
    return blocked;
  }
}
