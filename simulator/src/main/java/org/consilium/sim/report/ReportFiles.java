package org.consilium.sim.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a report into a folder. */
public final class ReportFiles {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private ReportFiles() {}

  /** Writes {@code report.html} and {@code report.json}; existing ones are replaced. */
  public static void write(Path folder, DemoReport report) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("report.html"), ReportPage.of(report), StandardCharsets.UTF_8);
    Files.writeString(
        folder.resolve("report.json"),
        json(report).toPrettyString() + "\n",
        StandardCharsets.UTF_8);
  }

  /** The report as JSON. */
  public static ObjectNode json(DemoReport report) {
    return ReportJson.of(report);
  }

  /** One line: {@code {"schemaVersion":1,"status":"ok","data":…}}. */
  public static String envelope(DemoReport report) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("schemaVersion", 1).put("status", "ok");
    root.set("data", json(report));
    return root.toString();
  }
}
