package org.consilium.sim.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What can be said of the dashboard and the names without any server. */
final class DashboardTest {
  private static final int GRID_WIDTH = 24;
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(\\w+)");

  private final MonitoringFolder folder = MonitoringFolder.find();

  @Test
  void panels_idsAndTitles_areUnique() throws IOException {
    List<JsonNode> panels = Dashboard.study(folder).panels();

    assertThat(panels).extracting(p -> p.path("id").asInt()).doesNotHaveDuplicates();
    assertThat(panels).extracting(p -> p.path("title").asText()).doesNotHaveDuplicates();
  }

  @Test
  void panels_each_hasDescriptionUnitAndDataSourceVariable() throws IOException {
    for (JsonNode panel : Dashboard.study(folder).panels()) {
      String title = panel.path("title").asText();

      assertThat(panel.path("description").asText()).as(title).hasSizeGreaterThan(20);
      assertThat(panel.at("/fieldConfig/defaults/unit").asText()).as(title).isNotEmpty();
      assertThat(panel.at("/datasource/uid").asText()).as(title).isEqualTo("${datasource}");
      assertThat(panel.path("targets")).as(title).isNotEmpty();
      for (JsonNode target : panel.path("targets")) {
        assertThat(target.at("/datasource/uid").asText()).as(title).isEqualTo("${datasource}");
      }
    }
  }

  @Test
  void panels_onTheGrid_stayInsideAndDoNotOverlap() throws IOException {
    Set<List<Integer>> taken = new HashSet<>();

    for (JsonNode panel : Dashboard.study(folder).panels()) {
      JsonNode place = panel.path("gridPos");
      int left = place.path("x").asInt();
      int top = place.path("y").asInt();
      int right = left + place.path("w").asInt();
      assertThat(right).as(panel.path("title").asText()).isBetween(1, GRID_WIDTH);
      for (int x = left; x < right; x++) {
        for (int y = top; y < top + place.path("h").asInt(); y++) {
          assertThat(taken.add(List.of(x, y)))
              .as("%s at %d,%d", panel.path("title").asText(), x, y)
              .isTrue();
        }
      }
    }
  }

  @Test
  void variables_inQueries_areDeclared() throws IOException {
    Dashboard dashboard = Dashboard.study(folder);
    Set<String> declared = new TreeSet<>(Set.of("__rate_interval", "__range"));
    dashboard.variables().forEach(v -> declared.add(v.path("name").asText()));
    String all =
        String.join(" ", dashboard.queries().stream().map(Dashboard.Query::expression).toList());

    Matcher used = VARIABLE.matcher(all);

    while (used.find()) {
      assertThat(declared).contains(used.group(1));
    }
  }

  @Test
  void names_inDashboardAndRules_areInTheList() throws IOException {
    Map<String, MonitoringFolder.Listed> listed = folder.listed();

    assertThat(listed).hasSizeGreaterThan(20);
    assertThat(listed.keySet()).containsAll(used(listed));
    assertThat(folder.recorded())
        .containsAll(MonitoringFolder.recordedIn(dashboardText() + rulesText()));
  }

  @Test
  void names_inTheList_areUsedOrMarkedDetail() throws IOException {
    Map<String, MonitoringFolder.Listed> listed = folder.listed();
    Set<String> wanted = new TreeSet<>();
    listed.forEach(
        (name, metric) -> {
          if (!metric.use().equals("detail")) {
            wanted.add(name);
          }
        });

    assertThat(used(listed)).containsAll(wanted);
  }

  private Set<String> used(Map<String, MonitoringFolder.Listed> listed) throws IOException {
    return MonitoringFolder.metricsIn(dashboardText() + rulesText(), listed);
  }

  private String dashboardText() throws IOException {
    return folder.read("grafana/dashboards/study/study.json");
  }

  private String rulesText() throws IOException {
    return folder.read("prometheus/rules/consilium.yml");
  }
}
