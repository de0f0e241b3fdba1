package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.protect.witness.Distrust;

/** {@code node audit}: what this hospital saw of the coordinator's audit log. */
final class AuditView {
  /** As for the terms of a study: 22 bits against a slip, not against an attacker. */
  private static final int WORDS_MIN = 2;

  private final StateFolder state;
  private final InstantSource clock;

  AuditView(StateFolder state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  /** Shows the last checkpoint, and fails when one was refused. */
  Console.Result show(Optional<Path> out) throws IOException, Failure {
    AuditWitness.View view = AuditWitness.view(state.audit());
    if (view.refusal().isPresent()) {
      throw new Failure(
          Failure.Kind.AUDIT_REFUSED,
          "a checkpoint of the coordinator's audit log was refused, and no task is done: "
              + view.refusal().get()
              + refusedWords(),
          "the evidence is in %s; compare with the other hospitals, then decide: --acknowledge, or"
                  .formatted(state.audit())
              + " --accept \"the refused root's words\", with --reason TEXT");
    }
    if (view.last().isEmpty()) {
      return new Console.Result(
          Map.of("size", 0), "the coordinator has shown this node no checkpoint yet");
    }
    SignedCheckpoint last = view.last().get();
    if (out.isPresent()) {
      Files.writeString(out.get(), last.text(), StandardCharsets.US_ASCII);
    }
    return shown(last);
  }

  /** Goes on after a refusal, and holds to what this node saw before. */
  Console.Result acknowledge(Optional<String> reason) throws IOException, Failure {
    Distrust distrust = new Distrust(state.audit());
    if (distrust.reason().isEmpty()) {
      return new Console.Result(Map.of("evidence", ""), "nothing was refused");
    }
    Path aside = distrust.acknowledge(clock.instant(), given(reason)).orElseThrow();
    return new Console.Result(
        Map.of("evidence", aside.toString()),
        "work goes on; the log must still continue what this node saw before; the evidence is kept"
            + " in "
            + aside);
  }

  /**
   * Goes on after a refusal, and begins anew from the refused checkpoint.
   *
   * @param words the first of its root, two or more: what people at the hospitals compared
   */
  Console.Result accept(String words, Optional<String> reason) throws IOException, Failure {
    Distrust distrust = new Distrust(state.audit());
    if (distrust.reason().isEmpty()) {
      throw new Failure(Failure.Kind.CONFLICT, "nothing was refused", "");
    }
    String why = given(reason);
    SignedCheckpoint refused = distrust.refused();
    Checkpoint checkpoint;
    try {
      checkpoint = refused.openAsOfItsTime(state.credential(StateFolder.TLS).chain().getLast());
    } catch (CheckpointRefused foreign) {
      throw new Failure(
          Failure.Kind.AUDIT_REFUSED,
          "the refused checkpoint is not the coordinator's: " + foreign.getMessage(),
          "there is nothing to begin anew from; --acknowledge holds to what this node saw before");
    }
    List<String> right = checkpoint.head().root().words();
    List<String> typed = List.of(words.strip().toLowerCase(Locale.ROOT).split("\\s+", -1));
    if (typed.size() < WORDS_MIN
        || typed.size() > right.size()
        || !typed.equals(right.subList(0, typed.size()))) {
      throw new Failure(
          Failure.Kind.USAGE,
          "those are not the first %d or more words of the refused root".formatted(WORDS_MIN),
          "read them: consilium node audit, with this --state");
    }
    Path aside = distrust.accept(refused, clock.instant(), why);
    return new Console.Result(
        Map.of("evidence", aside.toString(), "size", checkpoint.head().size()),
        "work goes on from the log of %d entries; the evidence is kept in %s"
            .formatted(checkpoint.head().size(), aside));
  }

  private static String given(Optional<String> reason) throws Failure {
    return reason
        .filter(r -> !r.isBlank())
        .orElseThrow(
            () ->
                new Failure(
                    Failure.Kind.USAGE,
                    "say why: --reason TEXT",
                    "it is kept here with the evidence, and does not leave"));
  }

  private String refusedWords() {
    try {
      Checkpoint refused = Checkpoint.parse(new Distrust(state.audit()).refused().body());
      return "; the refused root is %s, of %d entries"
          .formatted(String.join(" ", refused.head().root().words()), refused.head().size());
    } catch (IOException | CheckpointRefused unreadable) {
      return "; the refused checkpoint cannot be read";
    }
  }

  /** One line for the status. */
  static String line(SignedCheckpoint signed) {
    try {
      return Checkpoint.parse(signed.body()).toString();
    } catch (CheckpointRefused damaged) {
      return String.valueOf(damaged.getMessage());
    }
  }

  private static Console.Result shown(SignedCheckpoint signed) throws IOException {
    Checkpoint checkpoint;
    try {
      checkpoint = Checkpoint.parse(signed.body());
    } catch (CheckpointRefused damaged) {
      throw new IOException(String.valueOf(damaged.getMessage()), damaged);
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("federation", checkpoint.federation());
    data.put("size", checkpoint.head().size());
    data.put("root", checkpoint.head().root().hex());
    data.put("words", String.join(" ", checkpoint.head().root().words()));
    data.put("time", checkpoint.time());
    StringBuilder text = new StringBuilder();
    data.forEach((key, value) -> text.append("%-12s %s%n".formatted(key, value)));
    text.append("another hospital with the same size must read the same words");
    return new Console.Result(data, text.toString());
  }
}
