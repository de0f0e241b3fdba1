package org.consilium.coordinator.permit;

import static org.consilium.coordinator.permit.Audience.ANYONE;
import static org.consilium.coordinator.permit.Audience.AUDITOR;
import static org.consilium.coordinator.permit.Audience.CONSORTIUM_ADMIN;
import static org.consilium.coordinator.permit.Audience.COORDINATOR_ADMIN;
import static org.consilium.coordinator.permit.Audience.DATA_SCIENTIST;
import static org.consilium.coordinator.permit.Audience.LOCAL_READER;
import static org.consilium.coordinator.permit.Audience.SITE_NODE;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The table of everything that can be asked of a coordinator. What is not in it is denied. */
public final class AllowList {
  private static final Set<Audience> PEOPLE =
      Set.of(CONSORTIUM_ADMIN, COORDINATOR_ADMIN, DATA_SCIENTIST);
  private static final Set<Audience> READERS =
      Set.of(CONSORTIUM_ADMIN, COORDINATOR_ADMIN, DATA_SCIENTIST, AUDITOR, LOCAL_READER);

  /** The file holds weights, which an auditor never sees. */
  private static final Set<Audience> MODEL_READERS =
      Set.of(CONSORTIUM_ADMIN, COORDINATOR_ADMIN, DATA_SCIENTIST, LOCAL_READER);

  private static final Map<String, Set<Audience>> PROCEDURES =
      Map.ofEntries(
          Map.entry("consilium.v1.Coordination/Session", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/FetchModel", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/BeginUpdate", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/SendChunks", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/CommitUpdate", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/SubmitReport", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/SubmitMask", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/Renew", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/Revocations", Set.of(SITE_NODE)),
          Map.entry("consilium.v1.Coordination/GetRoster", Set.of(SITE_NODE)),
          // Each proves itself: by a one-time token, by a key's digest, by a signature.
          Map.entry("consilium.v1.Enrolment/Enrol", Set.of(ANYONE)),
          Map.entry("consilium.v1.Enrolment/Collect", Set.of(ANYONE)),
          Map.entry("consilium.v1.Enrolment/Recover", Set.of(ANYONE)));

  private static final List<Route> ROUTES =
      List.of(
          new Route("GET", "/", READERS),
          new Route("GET", "/studies/{id}", READERS),
          new Route("GET", "/assets/{+file}", READERS),
          new Route("GET", "/openapi.yaml", READERS),
          new Route("GET", "/metrics", READERS),
          new Route("GET", "/health/live", Set.of(ANYONE)),
          new Route("GET", "/health/ready", Set.of(ANYONE)),
          new Route("GET", "/health/started", Set.of(ANYONE)),
          new Route("GET", "/api/v1/audit", READERS),
          new Route("GET", "/api/v1/audit/checkpoint", READERS),
          new Route("GET", "/api/v1/audit/bundle", READERS),
          new Route("POST", "/api/v1/backup", PEOPLE),
          new Route("GET", "/api/v1/sites", READERS),
          new Route("GET", "/api/v1/sites/{id}/request", READERS),
          new Route("GET", "/api/v1/roster", READERS),
          new Route("GET", "/api/v1/motions", READERS),
          // A motion counts by its persons' signatures, whoever hands them in.
          new Route("POST", "/api/v1/motions", PEOPLE),
          new Route("POST", "/api/v1/sites/{id}:deny", Set.of(CONSORTIUM_ADMIN)),
          new Route("POST", "/api/v1/sites/{id}:revoke", PEOPLE),
          new Route("GET", "/api/v1/denylist", READERS),
          new Route("POST", "/api/v1/denylist", PEOPLE),
          new Route("GET", "/api/v1/studies", READERS),
          new Route("POST", "/api/v1/studies", PEOPLE),
          new Route("GET", "/api/v1/studies/{id}", READERS),
          new Route("POST", "/api/v1/studies/{id}:start", PEOPLE),
          new Route("POST", "/api/v1/studies/{id}:pause", PEOPLE),
          new Route("POST", "/api/v1/studies/{id}:resume", PEOPLE),
          new Route("POST", "/api/v1/studies/{id}:stop", PEOPLE),
          new Route("POST", "/api/v1/studies/{id}:replay", PEOPLE),
          new Route("GET", "/api/v1/studies/{id}/rounds", READERS),
          new Route("GET", "/api/v1/studies/{id}/models", READERS),
          new Route("GET", "/api/v1/studies/{id}/models/{round}", READERS),
          new Route("GET", "/api/v1/studies/{id}/models/{round}/file", MODEL_READERS),
          new Route("GET", "/api/v1/studies/{id}/models/{round}/card", READERS),
          new Route("GET", "/api/v1/studies/{id}/metrics", READERS));

  private AllowList() {}

  /**
   * One row for HTTP.
   *
   * @param verb HEAD counts as GET
   * @param template a name in braces is one part of the path, one that begins with + is the rest
   */
  public record Route(String verb, String template, Set<Audience> audiences) {
    /** Copies the audiences. */
    public Route {
      audiences = Set.copyOf(audiences);
    }

    boolean matches(String askedVerb, String path) {
      String asked = askedVerb.equals("HEAD") ? "GET" : askedVerb;
      return verb.equals(asked) && pattern().matcher(path).matches();
    }

    private Pattern pattern() {
      String quoted =
          template
              .replaceAll("[.]", "\\\\.")
              .replaceAll("\\{\\+[a-z]+\\}", ".+")
              .replaceAll("\\{[a-z]+\\}", "[^/:]+");
      return Pattern.compile(quoted);
    }
  }

  /** Who may call a remote procedure, {@code package.Service/Method}; nobody if it is not here. */
  public static Set<Audience> procedure(String fullName) {
    return PROCEDURES.getOrDefault(fullName, Set.of());
  }

  /** The row for a request; none if nobody may ask it. */
  public static Optional<Route> route(String verb, String path) {
    return ROUTES.stream().filter(r -> r.matches(verb, path)).findFirst();
  }

  /** All rows for HTTP. */
  public static List<Route> routes() {
    return ROUTES;
  }

  /** The names of all remote procedures. */
  public static Set<String> procedures() {
    return PROCEDURES.keySet();
  }
}
