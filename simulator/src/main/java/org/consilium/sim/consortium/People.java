package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.sim.process.Installation;

/**
 * Two administrators of a consortium on one machine, who sign what two people would: the first
 * proposes and invites, the second approves.
 */
final class People {
  private static final String DOMAIN = "demo.consilium.test";
  private static final Duration MOTION_LIFE = Duration.ofDays(1);
  private static final Duration TOKEN_LIFE = Duration.ofHours(72);
  private static final Duration FOUNDING_MAX = Duration.ofMinutes(2);
  private static final int DETAIL_BYTES = Fingerprint.BYTES + Long.BYTES;
  private static final byte[] NOTHING = new byte[0];
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final PersonKey first;
  private final PersonKey second;
  private final int port;
  private final InstantSource clock;
  private final SecureRandom random;

  private People(
      PersonKey first, PersonKey second, int port, InstantSource clock, SecureRandom random) {
    this.first = first;
    this.second = second;
    this.port = port;
    this.clock = clock;
    this.random = random;
  }

  /** Founds a consortium: the authority's folder, the coordinator's, and two persons' keys. */
  static People found(Installation installation, LocalConsortium.Layout layout, InstantSource clock)
      throws IOException {
    Path folder = layout.folder().resolve("consortium");
    int port = freePort();
    List<String> command =
        installation.beside(
            "coordinator",
            LocalConsortium.AUTHORITY_HEAP_MIB,
            LocalConsortium.AUTHORITY_MAIN,
            List.of(
                "consortium",
                "init",
                "--dir",
                folder.toString(),
                "--domain",
                DOMAIN,
                "--address",
                "127.0.0.1:" + port));
    try {
      Running.start("init", command, layout.log("init"), clock)
          .finish(clock.instant().plus(FOUNDING_MAX));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the authority was made", interrupted);
    }
    Path keys = folder.resolve("persons");
    return new People(
        PersonKey.read(keys.resolve("first.key")),
        PersonKey.read(keys.resolve("second.key")),
        port,
        clock,
        new SecureRandom());
  }

  /** The command that serves the authority, where the coordinator looks for it. */
  List<String> serving(Path authority, Optional<String> siteCertificateLife) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "ca", "serve", "--dir", authority.toString(), "--port", Integer.toString(port)));
    siteCertificateLife.ifPresent(life -> command.addAll(List.of("--site-certificate-life", life)));
    return command;
  }

  /** Puts a site on the roster, and a token for it. */
  String invite(CoordinatorApi api, SiteId site) throws IOException, InterruptedException {
    Motion addition = motion(first, Act.ADD_SITE, site.value(), NOTHING);
    var _ = submit(api, first.sign(addition));
    var _ = submit(api, second.sign(addition));
    JsonNode roster = api.get("/api/v1/roster");
    JoinToken token =
        new JoinToken(
            site.value(),
            roster.path("host").asText(),
            roster.path("sitePort").asInt(),
            roster.path("enrolmentPort").asInt(),
            Fingerprint.parse(roster.path("rootFingerprint").asText()),
            JoinToken.newSecret(random),
            clock.instant().plus(TOKEN_LIFE));
    byte[] detail =
        ByteBuffer.allocate(DETAIL_BYTES)
            .put(token.secretDigest().bytes())
            .putLong(token.expiry().getEpochSecond())
            .array();
    var _ = submit(api, first.sign(motion(first, Act.INVITE_SITE, site.value(), detail)));
    return token.text();
  }

  /** Approves the keys that wait. */
  void admit(CoordinatorApi api, SiteId site) throws IOException, InterruptedException {
    JsonNode request = api.get("/api/v1/sites/" + site + "/request");
    byte[] keys =
        ByteBuffer.allocate(2 * Fingerprint.BYTES)
            .put(Fingerprint.parse(request.path("tlsKey").asText()).bytes())
            .put(Fingerprint.parse(request.path("signingKey").asText()).bytes())
            .array();
    var _ = submit(api, second.sign(motion(second, Act.ADMIT_KEYS, site.value(), keys)));
  }

  private Motion motion(PersonKey proposer, Act act, String subject, byte[] detail) {
    return Motion.propose(
        DOMAIN,
        act,
        subject,
        detail,
        proposer,
        new Motion.Terms(clock.instant().plus(MOTION_LIFE), random));
  }

  private static JsonNode submit(CoordinatorApi api, Ballot ballot)
      throws IOException, InterruptedException {
    Base64.Encoder base64 = Base64.getEncoder();
    return api.post(
        "/api/v1/motions",
        "application/json",
        MAPPER
            .createObjectNode()
            .put("motion", base64.encodeToString(ballot.motion().encoded()))
            .put("person", ballot.person())
            .put("signature", base64.encodeToString(ballot.signature()))
            .toString());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
