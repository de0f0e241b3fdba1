package org.consilium.site;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.consilium.models.data.manifest.SiteManifest;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.cohort.CohortSpec;

/** The hospital's look at its own cases before any study sees them. */
final class LocalCases {
  private LocalCases() {}

  static Console.Result manifest(CohortSpec spec) throws IOException {
    CohortSource cohort = spec.open();
    SiteManifest manifest =
        cohort
            .manifest()
            .orElseThrow(() -> new IllegalArgumentException("--data: these cases have no images"));
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("summary", cohort.summary());
    values.putAll(manifest.values());
    StringBuilder text = new StringBuilder(cohort.summary());
    manifest.counts().forEach((table, cells) -> text.append("%n%-24s %s".formatted(table, cells)));
    text.append("%n%-24s %s".formatted("content digest", manifest.contentDigest()));
    text.append("%n%-24s %s".formatted("label map digest", manifest.labelMapDigest()));
    text.append(
        "%n%-24s %d within a split, %d across splits"
            .formatted(
                "near-duplicates", manifest.duplicates().within(), manifest.duplicates().across()));
    manifest.warnings().forEach(warning -> text.append("%nWARNING: %s".formatted(warning)));
    return new Console.Result(values, text.toString());
  }
}
