package org.consilium.sim.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The Study dashboard as Grafana would load it. */
record Dashboard(JsonNode root) {

  /** One query of a panel. */
  record Query(String panel, String type, String expression, boolean instant) {
    /** The expression with the dashboard's variables put in. */
    String with(Map<String, String> variables) {
      String text = expression;
      for (Map.Entry<String, String> variable : variables.entrySet()) {
        text = text.replace("$" + variable.getKey(), variable.getValue());
      }
      return text;
    }
  }

  static Dashboard study(MonitoringFolder folder) throws IOException {
    return new Dashboard(
        JsonMapper.builder().build().readTree(folder.read("grafana/dashboards/study/study.json")));
  }

  List<JsonNode> panels() {
    List<JsonNode> panels = new ArrayList<>();
    root.path("panels").forEach(panels::add);
    return panels;
  }

  List<JsonNode> variables() {
    List<JsonNode> variables = new ArrayList<>();
    root.path("templating").path("list").forEach(variables::add);
    return variables;
  }

  List<Query> queries() {
    List<Query> queries = new ArrayList<>();
    for (JsonNode panel : panels()) {
      for (JsonNode target : panel.path("targets")) {
        queries.add(
            new Query(
                panel.path("title").asText(),
                panel.path("type").asText(),
                target.path("expr").asText(),
                target.path("instant").asBoolean()));
      }
    }
    return queries;
  }
}
