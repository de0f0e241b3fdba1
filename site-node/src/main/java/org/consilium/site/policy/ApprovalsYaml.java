package org.consilium.site.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.representer.Representer;

/** Consents and denials as YAML, written by the node's commands. */
final class ApprovalsYaml {
  private static final Set<String> KEYS =
      Set.of(
          "study", "digest", "decision", "minSites", "roundsPerDay", "until", "policy", "reason");

  private ApprovalsYaml() {}

  static List<Approval> parse(String text) throws PolicyRefused {
    return YamlNodes.read(
        text,
        Set.of("approvals"),
        top -> {
          List<Approval> approvals = new ArrayList<>();
          for (YamlNodes entry : top.maps("approvals", KEYS)) {
            approval(entry).ifPresent(approvals::add);
          }
          return approvals;
        });
  }

  static String write(List<Approval> approvals) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    return "# Decisions about studies, written by: consilium node approve, consilium node deny\n"
        + new Yaml(new Representer(options), options)
            .dump(Map.of("approvals", approvals.stream().map(ApprovalsYaml::entry).toList()));
  }

  private static Optional<Approval> approval(YamlNodes entry) {
    entry.require("study");
    entry.require("digest");
    entry.require("policy");
    Optional<String> study =
        entry.value("study", "must be a study's name or any", ApprovalsYaml::name);
    Optional<String> digest =
        entry.value("digest", "must be 64 hexadecimal digits or any", ApprovalsYaml::digest);
    if (study.isEmpty() || digest.isEmpty()) {
      return Optional.empty();
    }
    boolean granted =
        entry
            .value(
                "decision",
                "must be approve or deny",
                text ->
                    Set.of("approve", "deny").contains(text) ? Optional.of(text) : Optional.empty())
            .map("approve"::equals)
            .orElse(false);
    return Optional.of(
        new Approval(
            subject(study.get(), digest.get()),
            granted,
            (int)
                entry.whole(
                    "minSites", SitePolicy.MIN_SITES, SitePolicy.MAX_SITES, SitePolicy.MIN_SITES),
            (int) entry.whole("roundsPerDay", 1, 1_000_000, SitePolicy.ROUNDS_PER_DAY),
            entry.value("until", PolicyYaml.DAY_RULE, PolicyYaml::day),
            entry
                .value("policy", "must be 64 hexadecimal digits", ApprovalsYaml::digest)
                .filter(d -> !d.equals("any"))
                .map(Digest::new),
            entry.value("reason", "must be a text", Optional::of)));
  }

  private static Approval.Subject subject(String study, String digest) {
    if (study.equals("any")) {
      if (!digest.equals("any")) {
        throw new IllegalArgumentException("study any goes with digest any only");
      }
      return new Approval.Subject.Any();
    }
    return digest.equals("any")
        ? new Approval.Subject.Named(new StudyId(study))
        : new Approval.Subject.Exact(new StudyId(study), new Digest(digest));
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
    approval.givenUnder().ifPresent(policy -> entry.put("policy", policy.hex()));
    approval.reason().ifPresent(reason -> entry.put("reason", reason));
    return entry;
  }

  private static Optional<String> name(String text) {
    try {
      return Optional.of(text.equals("any") ? text : new StudyId(text).value());
    } catch (IllegalArgumentException noName) {
      return Optional.empty();
    }
  }

  private static Optional<String> digest(String text) {
    return text.equals("any") || text.matches("[0-9a-f]{64}")
        ? Optional.of(text)
        : Optional.empty();
  }
}
