package org.consilium.sim.own.order;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;

/**
 * Completes the text of a study file that names no sites. Nothing else of it is touched, so that
 * comments and line numbers stay.
 */
final class SitesLine {
  private static final Pattern SPEC =
      Pattern.compile("(?m)^spec:[ \\t]*(?:#.*)?\\R(?:[ \\t]*(?:#.*)?\\R)*(?<indent>[ ]+)\\S");

  private SitesLine() {}

  /** The text with the given sites, or as it is when it names sites already. */
  static String complete(String text, List<SiteId> sites) {
    String include =
        "include: [%s]"
            .formatted(sites.stream().map(SiteId::value).collect(Collectors.joining(", ")));
    Matcher spec = SPEC.matcher(text);
    if (!spec.find()) {
      return text; // the reader of study files says what is wrong with it
    }
    String indent = spec.group("indent");
    Matcher known =
        Pattern.compile("(?m)^%ssites[ \\t]*:(?<rest>.*)$".formatted(indent)).matcher(text);
    if (!known.find()) {
      int at = spec.start("indent");
      return text.substring(0, at) + indent + "sites: {" + include + "}\n" + text.substring(at);
    }
    if (block(text, known, indent).orElse(known.group("rest")).contains("include")) {
      return text;
    }
    int brace = known.group("rest").indexOf('{');
    if (brace >= 0) {
      int at = known.start("rest") + brace + 1;
      boolean empty = text.substring(at).stripLeading().startsWith("}");
      return text.substring(0, at) + include + (empty ? "" : ", ") + text.substring(at);
    }
    return text.substring(0, known.end())
        + "\n"
        + indent
        + "  "
        + include
        + text.substring(known.end());
  }

  /** The lines of a {@code sites:} that goes on below. */
  private static Optional<String> block(String text, Matcher known, String indent) {
    Matcher lines =
        Pattern.compile("\\A(?:\\R%s +.*|\\R[ \\t]*(?=\\R))+".formatted(indent))
            .matcher(text.substring(known.end()));
    return lines.find() ? Optional.of(known.group("rest") + lines.group()) : Optional.empty();
  }
}
