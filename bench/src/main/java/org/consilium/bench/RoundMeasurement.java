package org.consilium.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * What a run of large rounds cost.
 *
 * @param sites sites
 * @param parameters of the model
 * @param mode masked or sealed
 * @param rounds each round, none left out
 * @param processes each process, in order of start
 * @param bytesUp sealed update bytes taken in over all rounds
 * @param bytesDown model bytes sent over all rounds
 * @param machine where
 * @param date when, ISO 8601
 */
record RoundMeasurement(
    int sites,
    long parameters,
    String mode,
    List<Round> rounds,
    List<ProcessPeak> processes,
    long bytesUp,
    long bytesDown,
    String machine,
    String date) {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final double MIB = 1024.0 * 1024.0;

  RoundMeasurement {
    rounds = List.copyOf(rounds);
    processes = List.copyOf(processes);
  }

  /**
   * One round: from its opening to the opening of the next; the last one to its end, when its model
   * was validated.
   */
  record Round(int number, double seconds) {}

  record ProcessPeak(String role, String name, long pid, OptionalLong peakRssKib) {}

  String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%d sites, %,d parameters (%.0f MiB a model), %s, mutual TLS%n"
            .formatted(sites, parameters, parameters * 4 / MIB, mode));
    for (Round round : rounds) {
      text.append(
          String.format(Locale.ROOT, "round %d        %8.1f s%n", round.number, round.seconds));
    }
    for (ProcessPeak process : processes) {
      String peak =
          process.peakRssKib.isPresent()
              ? String.format(
                  Locale.ROOT, "%8.1f MiB peak", process.peakRssKib.getAsLong() / 1024.0)
              : "       –";
      text.append("%-15s%s%n".formatted(process.name, peak));
    }
    text.append(
        String.format(Locale.ROOT, "up %.1f MiB, down %.1f MiB%n", bytesUp / MIB, bytesDown / MIB));
    text.append("machine: %s, %s%n".formatted(machine, date));
    return text.toString();
  }

  String envelope() {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("schemaVersion", 1).put("status", "ok");
    ObjectNode data = root.putObject("data");
    data.put("sites", sites).put("parameters", parameters).put("mode", mode);
    ArrayNode roundNodes = data.putArray("rounds");
    for (Round round : rounds) {
      roundNodes.addObject().put("number", round.number).put("seconds", round.seconds);
    }
    ArrayNode processNodes = data.putArray("processes");
    for (ProcessPeak process : processes) {
      ObjectNode node = processNodes.addObject();
      node.put("role", process.role).put("name", process.name).put("pid", process.pid);
      if (process.peakRssKib.isPresent()) {
        node.put("peakRssMiB", process.peakRssKib.getAsLong() / 1024.0);
      } else {
        node.putNull("peakRssMiB");
      }
    }
    data.put("bytesUp", bytesUp).put("bytesDown", bytesDown);
    data.put("machine", machine).put("date", date);
    return root.toString();
  }
}
