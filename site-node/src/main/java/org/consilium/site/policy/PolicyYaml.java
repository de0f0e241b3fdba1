package org.consilium.site.policy;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan.Mode;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.representer.Representer;

/** Policies as YAML. An unknown key is an error: a misspelt limit must not be no limit. */
final class PolicyYaml {
  private static final Set<String> POLICY_KEYS =
      Set.of("modes", "minSites", "updateBytesPerDay", "architectures", "approvals");
  private static final Set<String> APPROVAL_KEYS =
      Set.of("study", "digest", "decision", "minSites", "roundsPerDay", "until");

  private PolicyYaml() {}

  static SitePolicy parse(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(0);
    Object loaded;
    try {
      loaded = new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException notYaml) {
      throw new IllegalArgumentException("not YAML: " + firstLine(notYaml), notYaml);
    }
    Map<String, Object> top = map(loaded, "policy", POLICY_KEYS);
    Set<Mode> modes = new LinkedHashSet<>();
    for (Object name : list(top.getOrDefault("modes", List.of("sealed")), "modes")) {
      modes.add(mode(String.valueOf(name)));
    }
    Set<String> architectures = new LinkedHashSet<>();
    for (Object name : list(top.getOrDefault("architectures", List.of()), "architectures")) {
      architectures.add(String.valueOf(name));
    }
    List<Approval> approvals = new ArrayList<>();
    for (Object one : list(top.getOrDefault("approvals", List.of()), "approvals")) {
      approvals.add(approval(one));
    }
    long minSites = number(top, "minSites", SitePolicy.MIN_SITES);
    long bytes = number(top, "updateBytesPerDay", SitePolicy.UPDATE_BYTES_PER_DAY);
    if (minSites < SitePolicy.MIN_SITES || minSites > SitePolicy.MAX_SITES) {
      throw new IllegalArgumentException("minSites must be 2-128, got " + minSites);
    }
    return new SitePolicy(modes, (int) minSites, bytes, architectures, approvals);
  }

  static String write(SitePolicy policy) {
    Map<String, Object> top = new LinkedHashMap<>();
    top.put("modes", policy.modes().stream().map(PolicyYaml::word).sorted().toList());
    top.put("minSites", policy.minSites());
    top.put("updateBytesPerDay", policy.updateBytesPerDay());
    top.put("architectures", policy.architectures().stream().sorted().toList());
    top.put("approvals", policy.approvals().stream().map(PolicyYaml::entry).toList());
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    return "# What this hospital allows. Missing file or missing approval means: refuse.\n"
        + new Yaml(new Representer(options), options).dump(top);
  }

  private static Map<String, Object> entry(Approval approval) {
    Map<String, Object> entry = new LinkedHashMap<>();
    switch (approval.subject()) {
      case Approval.Subject.Exact(StudyId study, Digest digest) -> {
        entry.put("study", study.value());
        entry.put("digest", digest.hex());
      }
      case Approval.Subject.Named(StudyId study) -> {
        entry.put("study", study.value());
        entry.put("digest", "any");
      }
      case Approval.Subject.Any() -> {
        entry.put("study", "any");
        entry.put("digest", "any");
      }
    }
    entry.put("decision", approval.granted() ? "approve" : "deny");
    entry.put("minSites", approval.minSites());
    entry.put("roundsPerDay", approval.roundsPerDay());
    approval.until().ifPresent(day -> entry.put("until", day.toString()));
    return entry;
  }

  private static Approval approval(Object loaded) {
    Map<String, Object> m = map(loaded, "approvals entry", APPROVAL_KEYS);
    String study = text(m, "study");
    String digest = text(m, "digest");
    Approval.Subject subject;
    if (study.equals("any")) {
      if (!digest.equals("any")) {
        throw new IllegalArgumentException("study any goes with digest any only");
      }
      subject = new Approval.Subject.Any();
    } else if (digest.equals("any")) {
      subject = new Approval.Subject.Named(new StudyId(study));
    } else {
      subject = new Approval.Subject.Exact(new StudyId(study), Digest.parse(digest));
    }
    String decision = String.valueOf(m.getOrDefault("decision", "approve"));
    if (!Set.of("approve", "deny").contains(decision)) {
      throw new IllegalArgumentException(
          "decision must be approve or deny, got " + Limits.printable(decision));
    }
    return new Approval(
        subject,
        decision.equals("approve"),
        Math.toIntExact(number(m, "minSites", SitePolicy.MIN_SITES)),
        Math.toIntExact(number(m, "roundsPerDay", SitePolicy.ROUNDS_PER_DAY)),
        m.containsKey("until") ? Optional.of(day(m.get("until"))) : Optional.empty());
  }

  private static LocalDate day(Object value) {
    if (value instanceof java.util.Date date) {
      return LocalDate.ofInstant(date.toInstant(), java.time.ZoneOffset.UTC);
    }
    try {
      return LocalDate.parse(String.valueOf(value));
    } catch (DateTimeParseException notDay) {
      throw new IllegalArgumentException(
          "until must be a day such as 2027-06-30, got " + Limits.printable(String.valueOf(value)),
          notDay);
    }
  }

  private static Map<String, Object> map(Object loaded, String what, Set<String> keys) {
    if (!(loaded instanceof Map<?, ?> raw)) {
      throw new IllegalArgumentException(what + " must be a mapping of keys to values");
    }
    Map<String, Object> result = new LinkedHashMap<>();
    raw.forEach((key, value) -> result.put(String.valueOf(key), value));
    for (String key : result.keySet()) {
      if (!keys.contains(key)) {
        throw new IllegalArgumentException(
            "%s: unknown key %s; known are %s"
                .formatted(what, Limits.printable(key), keys.stream().sorted().toList()));
      }
    }
    return result;
  }

  private static List<?> list(Object value, String what) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException(what + " must be a list");
  }

  private static String text(Map<String, Object> m, String key) {
    if (!(m.get(key) instanceof String text)) {
      throw new IllegalArgumentException("approvals entry: " + key + " must be a text");
    }
    return text;
  }

  private static long number(Map<String, Object> m, String key, long otherwise) {
    Object value = m.getOrDefault(key, otherwise);
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    throw new IllegalArgumentException(
        key + " must be a whole number, got " + Limits.printable(String.valueOf(value)));
  }

  private static Mode mode(String name) {
    return switch (name) {
      case "sealed" -> Mode.SEALED;
      case "masked" -> Mode.MASKED;
      default ->
          throw new IllegalArgumentException(
              "modes: must be sealed or masked, got " + Limits.printable(name));
    };
  }

  private static String word(Mode mode) {
    return mode.name().toLowerCase(Locale.ROOT);
  }

  private static String firstLine(YAMLException notYaml) {
    return Limits.printable(String.valueOf(notYaml.getMessage()).lines().findFirst().orElse(""));
  }
}
