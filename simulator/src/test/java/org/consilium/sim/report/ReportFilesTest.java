package org.consilium.sim.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportFilesTest {
  @TempDir Path folder;

  @Test
  void page_written_asksForNothingOutside() throws IOException {
    ReportFiles.write(folder, SampleReports.fourSites());

    String page = Files.readString(folder.resolve("report.html"));

    assertThat(page).doesNotContain("http://", "https://", "<script", "<link", "@import", "url(");
    assertThat(Pattern.compile("src=\"(?!data:image/png;base64,)").matcher(page).find()).isFalse();
  }

  @Test
  void page_written_eachChartHasCaptionAndTable() {
    String page = ReportPage.of(SampleReports.fourSites());

    assertThat(ReportPage.sections())
        .allSatisfy(name -> assertThat(page).contains("<section id=\"" + name + "\""));
    // Four convergence panels, two comparisons, four drift panels, bytes, timeline.
    assertThat(page.split("role=\"img\"", -1)).hasSize(12 + 1 - 0);
    assertThat(page.split("<figcaption>", -1).length).isGreaterThanOrEqualTo(12);
    assertThat(page.split("<details>", -1).length - 1).isGreaterThanOrEqualTo(6);
    assertThat(page).contains("Real anatomy, simulated lesions, one subject");
  }

  @Test
  void page_wordsWithMarkup_areEscaped() {
    String page = ReportPage.of(SampleReports.fourSites());

    assertThat(page).contains("&lt;&amp;&gt;").doesNotContain("round 18 <&>");
  }

  @Test
  void page_charts_areWellFormedXml() throws Exception {
    String page = ReportPage.of(SampleReports.fourSites());
    var builder = javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder();
    var charts = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(page);
    int count = 0;

    while (charts.find()) {
      builder.parse(new org.xml.sax.InputSource(new StringReader(charts.group())));
      count++;
    }

    assertThat(count).isGreaterThan(12);
  }

  @Test
  void json_written_holdsWhatProgramsRead() throws IOException {
    ReportFiles.write(folder, SampleReports.fourSites());

    JsonNode root = JsonMapper.builder().build().readTree(folder.resolve("report.json").toFile());

    assertThat(root.path("seed").asLong()).isEqualTo(7);
    assertThat(root.path("modelDigest").asText()).hasSize(64);
    assertThat(root.path("rounds")).hasSize(30);
    assertThat(root.at("/rounds/11/accepted").asInt()).isEqualTo(3);
    assertThat(root.at("/sites/2/driftVerdict").asText()).isEqualTo("CONFIRMED");
    assertThat(root.at("/sites/0/global/low").asDouble())
        .isLessThan(root.at("/sites/0/global/auroc").asDouble());
    assertThat(root.at("/sites/0/localOnly/auroc").isNumber()).isTrue();
    assertThat(root.at("/pooled/auroc").asDouble()).isEqualTo(.94);
    assertThat(root.at("/processes/0/peakRssMiB").asDouble()).isEqualTo(225.586);
  }
}
