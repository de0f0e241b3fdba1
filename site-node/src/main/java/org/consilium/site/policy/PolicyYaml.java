package org.consilium.site.policy;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.protocol.Digest;
import org.consilium.site.policy.HouseRules.Company;
import org.consilium.site.policy.HouseRules.Content;
import org.consilium.site.policy.HouseRules.Hours;
import org.consilium.site.policy.HouseRules.PrivacyFloor;
import org.consilium.site.policy.HouseRules.Validity;
import org.consilium.site.policy.HouseRules.Volume;
import org.consilium.site.policy.HouseRules.Window;

/** House rules out of the hospital's policy file; its reference page lists the keys. */
final class PolicyYaml {
  /** Every key of the file, as on its reference page. */
  static final Set<String> KEYS =
      Set.of(
          "validFrom",
          "validUntil",
          "modes",
          "minSites",
          "knownSites",
          "privacy",
          "tasks",
          "rules",
          "architectures",
          "foundations",
          "tensors",
          "updateBytesPerRound",
          "updateBytesPerDay",
          "roundsPerDay",
          "smallCell",
          "cohortQueriesPerDay",
          "hours");

  static final Set<String> KNOWN_SITES_KEYS = Set.of("names", "atLeast");
  static final Set<String> PRIVACY_KEYS = Set.of("maxEpsilon", "maxDelta", "minNoise");
  static final Set<String> RULES_KEYS = Set.of("allow", "forbid");
  static final Set<String> HOURS_KEYS = Set.of("zone", "windows", "atClose", "tellOpening");

  private static final Pattern WINDOW = Pattern.compile("([0-2]\\d:[0-5]\\d)-([0-2]\\d:[0-5]\\d)");
  private static final long BYTES_MAX = 1L << 50;

  private PolicyYaml() {}

  static HouseRules parse(String text) throws PolicyRefused {
    return YamlNodes.read(text, KEYS, PolicyYaml::rules);
  }

  private static HouseRules rules(YamlNodes top) {
    HouseRules standard = HouseRules.DEFAULT;
    Volume volume = standard.volume();
    return new HouseRules(
        company(top),
        content(top),
        new Volume(
            top.whole("updateBytesPerRound", 0, BYTES_MAX, volume.updateBytesPerRound()),
            top.whole("updateBytesPerDay", 0, BYTES_MAX, volume.updateBytesPerDay()),
            (int) top.whole("roundsPerDay", 0, 1_000_000, volume.roundsPerDay()),
            (int) top.whole("smallCell", SitePolicy.SMALL_CELL_MIN, 1000, volume.smallCell()),
            (int) top.whole("cohortQueriesPerDay", 0, 1000, volume.cohortQueriesPerDay())),
        privacy(top),
        hours(top),
        new Validity(
            top.value("validFrom", DAY_RULE, PolicyYaml::day),
            top.value("validUntil", DAY_RULE, PolicyYaml::day)));
  }

  static final String DAY_RULE = "must be a day such as 2027-06-30";

  static Optional<LocalDate> day(String text) {
    return tried(() -> LocalDate.parse(text));
  }

  private static Company company(YamlNodes top) {
    YamlNodes known = top.map("knownSites", KNOWN_SITES_KEYS);
    if (top.has("knownSites")) {
      known.require("names");
    }
    return new Company(
        (int)
            top.whole("minSites", SitePolicy.MIN_SITES, SitePolicy.MAX_SITES, SitePolicy.MIN_SITES),
        Set.copyOf(
            known.values(
                "names",
                "must be a site's name",
                text -> matching(text, "[a-z0-9][a-z0-9-]{0,62}"))),
        (int) known.whole("atLeast", 1, SitePolicy.MAX_SITES, 0));
  }

  private static Content content(YamlNodes top) {
    Content standard = HouseRules.DEFAULT.content();
    YamlNodes rules = top.map("rules", RULES_KEYS);
    return new Content(
        top.has("modes")
            ? Set.copyOf(top.values("modes", among(PlanTerms.MODES), in(PlanTerms.MODES)))
            : standard.modes(),
        Set.copyOf(top.values("tasks", among(PlanTerms.tasks()), in(PlanTerms.tasks()))),
        Set.copyOf(rules.values("allow", among(PlanTerms.RULES), in(PlanTerms.RULES))),
        Set.copyOf(rules.values("forbid", among(PlanTerms.RULES), in(PlanTerms.RULES))),
        Set.copyOf(
            top.values(
                "architectures",
                "must be the name of an architecture",
                text -> matching(text, "[a-z0-9][a-z0-9._-]{0,79}"))),
        Set.copyOf(
            top.values(
                "foundations",
                "must be the SHA-256 of a file, 64 hexadecimal digits",
                text -> tried(() -> Digest.parse(text)))),
        top.values(
            "tensors",
            "must be a tensor's name, * for any text",
            text -> matching(text, "[A-Za-z0-9_.*-]{1,200}")));
  }

  private static Optional<PrivacyFloor> privacy(YamlNodes top) {
    if (!top.has("privacy")) {
      return Optional.empty();
    }
    YamlNodes privacy = top.map("privacy", PRIVACY_KEYS);
    privacy.require("maxEpsilon");
    return Optional.of(
        new PrivacyFloor(
            privacy.number("maxEpsilon", 0, 1000, 0),
            privacy.number("maxDelta", 0, 1, 1e-5),
            privacy.number("minNoise", 0, 1000, 0)));
  }

  private static Hours hours(YamlNodes top) {
    YamlNodes hours = top.map("hours", HOURS_KEYS);
    if (top.has("hours")) {
      hours.require("windows");
    }
    return new Hours(
        hours
            .value(
                "zone",
                "must be a time zone such as Asia/Shanghai",
                text -> tried(() -> ZoneId.of(text)))
            .orElse(ZoneOffset.UTC),
        hours.values("windows", "must be two times such as 22:00-06:00", PolicyYaml::window),
        hours
            .value("atClose", "must be pause or finish", PolicyYaml::atClose)
            .orElse(Hours.AtClose.PAUSE),
        hours
            .value("tellOpening", "must be true or false", in(List.of("true", "false")))
            .map(Boolean::parseBoolean)
            .orElse(true));
  }

  private static Optional<Hours.AtClose> atClose(String text) {
    return switch (text) {
      case "pause" -> Optional.of(Hours.AtClose.PAUSE);
      case "finish" -> Optional.of(Hours.AtClose.FINISH);
      default -> Optional.empty();
    };
  }

  private static Optional<Window> window(String text) {
    Matcher times = WINDOW.matcher(text);
    return times.matches()
        ? tried(() -> new Window(LocalTime.parse(times.group(1)), LocalTime.parse(times.group(2))))
            .filter(w -> !w.from().equals(w.to()))
        : Optional.empty();
  }

  private static String among(List<String> legal) {
    return "must be one of " + legal;
  }

  private static Function<String, Optional<String>> in(List<String> legal) {
    return text -> legal.contains(text) ? Optional.of(text) : Optional.empty();
  }

  private static Optional<String> matching(String text, String pattern) {
    return text.matches(pattern) ? Optional.of(text) : Optional.empty();
  }

  /** What a parser gives, or nothing if the text is not what it reads. */
  private interface Parser<T> {
    T parse();
  }

  private static <T> Optional<T> tried(Parser<T> parser) {
    try {
      return Optional.of(parser.parse());
    } catch (DateTimeException | IllegalArgumentException unreadable) {
      return Optional.empty();
    }
  }
}
