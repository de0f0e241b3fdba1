package org.consilium.coordinator.web;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

/**
 * Who may ask: whoever holds the administrator's token may do all; without it, programs on this
 * machine may read. A request that came under a foreign host name is not from this machine's user,
 * whatever its address (DNS rebinding).
 *
 * @param token the administrator's token
 * @param publicHost name under which people reach the server
 */
public record Access(String token, String publicHost) {
  private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");

  /** What is decided about a request. */
  public enum Decision {
    GRANTED,
    /** A token is needed and none was sent. */
    TOKEN_MISSING,
    TOKEN_WRONG
  }

  /**
   * Decides about one request.
   *
   * @param authorization the header of that name
   * @param host the Host header without its port
   */
  Decision decide(
      boolean read, boolean loopback, Optional<String> host, Optional<String> authorization) {
    if (authorization.isPresent()) {
      String given = authorization.get();
      boolean right =
          given.startsWith("Bearer ")
              && MessageDigest.isEqual(
                  given.substring("Bearer ".length()).strip().getBytes(StandardCharsets.UTF_8),
                  token.getBytes(StandardCharsets.UTF_8));
      return right ? Decision.GRANTED : Decision.TOKEN_WRONG;
    }
    boolean own = host.map(LOCAL::contains).orElse(true);
    return read && loopback && own ? Decision.GRANTED : Decision.TOKEN_MISSING;
  }

  /** Never the token. */
  @Override
  public String toString() {
    return "Access[" + publicHost + "]";
  }
}
