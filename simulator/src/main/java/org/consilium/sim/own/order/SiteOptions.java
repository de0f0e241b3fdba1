package org.consilium.sim.own.order;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.consilium.models.data.folder.View;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.sim.own.cut.Refusal;

/**
 * What single sites do differently, by site and key.
 *
 * @param bySite values by key, by site
 */
public record SiteOptions(Map<String, Map<String, String>> bySite) {
  /** Nothing. */
  public static final SiteOptions NONE = new SiteOptions(Map.of());

  public SiteOptions {
    Map<String, Map<String, String>> copy = new HashMap<>();
    bySite.forEach((site, values) -> copy.put(site, Map.copyOf(values)));
    bySite = Map.copyOf(copy);
  }

  /**
   * Reads {@code SITE.KEY=VALUE}, with {@code invert=true|false}, {@code shrink=1-16} or {@code
   * holdBack=N}.
   *
   * @throws IllegalArgumentException if one is none of them
   */
  public static SiteOptions parse(List<String> texts) {
    Map<String, Map<String, String>> all = new HashMap<>();
    for (String text : texts) {
      int dot = text.indexOf('.');
      int equals = text.indexOf('=');
      String key = dot > 0 && equals > dot ? text.substring(dot + 1, equals) : "";
      String value = text.substring(equals + 1);
      boolean legal =
          switch (key) {
            case "invert" -> value.matches("true|false");
            case "shrink" ->
                value.matches("[1-9][0-9]?") && Integer.parseInt(value) <= View.SHRINK_MAX;
            case "holdBack" -> value.matches("[1-9][0-9]{0,5}");
            default -> false;
          };
      if (!legal) {
        throw new IllegalArgumentException(
            "--site-option must be SITE.invert=true, SITE.shrink=1-%d or SITE.holdBack=N, got %s"
                .formatted(View.SHRINK_MAX, Limits.printable(text)));
      }
      all.computeIfAbsent(text.substring(0, dot), _ -> new HashMap<>()).put(key, value);
    }
    return new SiteOptions(all);
  }

  boolean isEmpty() {
    return bySite.isEmpty();
  }

  public View view(SiteId site) {
    Map<String, String> own = bySite.getOrDefault(site.value(), Map.of());
    return new View(
        Boolean.parseBoolean(own.getOrDefault("invert", "false")),
        Integer.parseInt(own.getOrDefault("shrink", "1")));
  }

  public int holdBack(SiteId site, int usual) {
    String own = bySite.getOrDefault(site.value(), Map.of()).get("holdBack");
    return own == null ? usual : Integer.parseInt(own);
  }

  public void check(List<SiteId> sites) throws Refusal {
    List<String> known = sites.stream().map(SiteId::value).toList();
    List<String> unknown = new ArrayList<>(new TreeSet<>(bySite.keySet()));
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new Refusal(
          "--site-option: no site %s; they are %s"
              .formatted(Limits.printable(unknown.getFirst()), known));
    }
  }
}
