package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.AuditWitness;

/** {@code node audit}: what this hospital saw of the coordinator's audit log. */
final class AuditView {
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
          "a checkpoint of the coordinator's audit log was refused: " + view.refusal().get(),
          "the evidence is in %s; tell the other hospitals, then --acknowledge"
              .formatted(state.audit()));
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

  /** Puts the evidence of a refusal aside. */
  Console.Result acknowledge() throws IOException {
    Optional<Path> aside = AuditWitness.acknowledge(state.audit(), clock.instant());
    return new Console.Result(
        Map.of("evidence", aside.map(Path::toString).orElse("")),
        aside.map(p -> "the evidence is kept in " + p).orElse("nothing was refused"));
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
