package org.consilium.coordinator.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** Where a command's answer goes: text for people, or exactly one JSON envelope. */
public final class Output {
  private static final int SCHEMA_VERSION = 1;
  private static final JsonFactory FACTORY = new JsonFactory();

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;

  Output(PrintWriter out, PrintWriter err, boolean json) {
    this.out = out;
    this.err = err;
    this.json = json;
  }

  /** Where a command of this line writes. */
  public static Output of(CommandLine line, boolean json) {
    return new Output(line.getOut(), line.getErr(), json);
  }

  boolean json() {
    return json;
  }

  /** The answer: {@code text} for people, {@code data} (JSON) in the envelope. */
  public void answer(String text, String data) {
    if (json) {
      envelope(
          g -> {
            g.writeStringField("status", "ok");
            g.writeFieldName("data");
            g.writeRawValue(data);
          });
    } else {
      out.println(text.stripTrailing());
      out.flush();
    }
  }

  /** One line of a stream. */
  void line(String text) {
    out.println(text);
    out.flush();
  }

  /** A remark for people, beside the answer. */
  public void progress(String text) {
    err.println(text);
    err.flush();
  }

  void failure(CliFailure failure) {
    failure(failure, "");
  }

  /**
   * A complaint.
   *
   * @param server options of the command that said which coordinator; a next step needs them too
   */
  void failure(CliFailure failure, String server) {
    String hint =
        failure.hint().matches("consilium (site|study|audit|person|proposal) .*")
            ? failure.hint() + server
            : failure.hint();
    if (json) {
      envelope(
          g -> {
            g.writeStringField("status", "error");
            g.writeStringField("code", failure.code());
            g.writeStringField("message", String.valueOf(failure.getMessage()));
            g.writeStringField("hint", hint);
            g.writeStringField("doc", "docs/reference/errors.md#" + failure.code());
          });
    } else {
      err.println("error " + failure.code() + ": " + failure.getMessage());
      if (!hint.isEmpty()) {
        err.println("  try: " + hint);
      }
      err.flush();
    }
  }

  /** A JSON object of texts. */
  public static String object(Map<String, String> members) {
    return write(
        g -> {
          g.writeStartObject();
          for (Map.Entry<String, String> member : members.entrySet()) {
            g.writeStringField(member.getKey(), member.getValue());
          }
          g.writeEndObject();
        });
  }

  /** Rows under a head, in columns as wide as they need. */
  static String table(List<String> head, List<List<String>> rows) {
    List<List<String>> all = new ArrayList<>();
    all.add(head);
    all.addAll(rows);
    int[] widths = new int[head.size()];
    for (List<String> row : all) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : all) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private interface Writing {
    void write(JsonGenerator generator) throws IOException;
  }

  private void envelope(Writing rest) {
    out.println(
        write(
            g -> {
              g.writeStartObject();
              g.writeNumberField("schemaVersion", SCHEMA_VERSION);
              rest.write(g);
              g.writeEndObject();
            }));
    out.flush();
  }

  private static String write(Writing writing) {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = FACTORY.createGenerator(text)) {
      writing.write(generator);
    } catch (IOException impossible) {
      throw new UncheckedIOException("write to memory", impossible);
    }
    return text.toString();
  }
}
