package org.consilium.site;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.checkpoint.CheckpointRefused;
import org.consilium.site.policy.PolicyRefused;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressBlocked;

/** The terminal of a command: data to out, progress to err, one envelope under {@code --json}. */
record Console(PrintWriter out, PrintWriter err, InstantSource clock) {
  private static final int SCHEMA_VERSION = 1;

  /** What a command found, for machines and for people, and its exit code. */
  record Result(Map<String, Object> data, String text, int exit) {
    Result(Map<String, Object> data, String text) {
      this(data, text, 0);
    }
  }

  /** Runs a command and prints what it gives; returns the exit code. */
  int run(boolean json, Callable<Result> command) {
    try {
      Result result = command.call();
      Map<String, Object> envelope = envelope("ok");
      envelope.put("data", result.data());
      out.println(json ? Json.of(envelope) : result.text());
      out.flush();
      return result.exit();
    } catch (Failure failure) {
      return print(json, failure);
    } catch (PolicyRefused refused) {
      return print(
          json,
          new Failure(
              Failure.Kind.BAD_POLICY,
              "policy: " + refused.getMessage(),
              "docs/reference/policy-file.md lists the keys; until it is mended everything is"
                  + " refused"));
    } catch (EgressBlocked blocked) {
      return print(
          json,
          new Failure(
              Failure.Kind.REFUSED_BY_POLICY,
              "held at the exit: " + blocked.getMessage(),
              blocked.why() == Why.PAUSED ? "consilium node resume, with this --state" : ""));
    } catch (ModelSheet.Unfit unfit) {
      return print(
          json,
          new Failure(
              Failure.Kind.UNFIT_MODEL,
              String.valueOf(unfit.getMessage()),
              "a file of other origin needs --architecture and --normalisation"));
    } catch (CheckpointRefused refused) {
      return print(
          json,
          new Failure(
              Failure.Kind.UNFIT_CHECKPOINT,
              String.valueOf(refused.getMessage()),
              "consilium model inspect FILE shows its tensors and the family they look like"));
    } catch (IOException environment) {
      return print(json, new Failure(Failure.Kind.FAILED, message(environment), ""));
    } catch (IllegalArgumentException illegal) {
      String message = String.valueOf(illegal.getMessage());
      return print(json, new Failure(Failure.Kind.USAGE, message, ""));
    } catch (OutOfMemoryError full) {
      return print(
          json,
          new Failure(
              Failure.Kind.FAILED,
              "not enough memory for what this file asks for",
              "if the file is what it should be: JAVA_OPTS=-Xmx8g consilium ..."));
    } catch (Exception bug) {
      return print(
          json,
          new Failure(
              Failure.Kind.INTERNAL,
              "internal error: " + bug.getClass().getSimpleName(),
              "run again with CONSILIUM_TRACE=1 and report the trace"),
          bug);
    }
  }

  /** The system's own message may be a bare name. */
  private static String message(IOException failed) {
    return switch (failed) {
      case NoSuchFileException missing -> "no such file: " + missing.getFile();
      case AccessDeniedException denied -> "may not be read or written: " + denied.getFile();
      default -> String.valueOf(failed.getMessage());
    };
  }

  /** What a person at a terminal types; empty when nobody is there. */
  Optional<String> ask(String question) {
    Optional<java.io.Console> terminal =
        Optional.ofNullable(System.console()).filter(java.io.Console::isTerminal);
    if (terminal.isEmpty()) {
      return Optional.empty();
    }
    err.print(question);
    err.flush();
    return Optional.ofNullable(terminal.get().readLine());
  }

  /** A line of progress with the time. */
  void progress(String line) {
    err.println(clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + line);
    err.flush();
  }

  private int print(boolean json, Failure failure, Exception bug) {
    if (System.getenv().containsKey("CONSILIUM_TRACE")) {
      bug.printStackTrace(err);
    }
    return print(json, failure);
  }

  private int print(boolean json, Failure failure) {
    if (json) {
      Map<String, Object> envelope = envelope("error");
      envelope.put("code", failure.kind().code());
      envelope.put("message", String.valueOf(failure.getMessage()));
      envelope.put("hint", failure.hint());
      out.println(Json.of(envelope));
    } else {
      err.println("error %s: %s".formatted(failure.kind().code(), failure.getMessage()));
      if (!failure.hint().isEmpty()) {
        err.println("  " + failure.hint());
      }
    }
    out.flush();
    err.flush();
    return failure.kind().exit();
  }

  private static Map<String, Object> envelope(String status) {
    Map<String, Object> envelope = new LinkedHashMap<>();
    envelope.put("schemaVersion", SCHEMA_VERSION);
    envelope.put("status", status);
    return envelope;
  }
}
