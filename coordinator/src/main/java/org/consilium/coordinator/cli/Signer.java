package org.consilium.coordinator.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.RosterRefused;
import picocli.CommandLine.Option;

/** The person who signs; a picocli mixin. Signatures are made here, on the person's machine. */
final class Signer {
  private static final Duration PROPOSAL_LIFE = Duration.ofDays(7);

  @Option(
      names = "--person",
      paramLabel = "FILE",
      required = true,
      defaultValue = "${env:CONSILIUM_PERSON}",
      description = "your own key; made by: consilium person new")
  private Path file = Path.of("person.key");

  /** What a motion is about, read from the very bytes that would be signed. */
  static String about(Json motion) {
    try {
      Motion shown = Motion.decode(Base64.getDecoder().decode(motion.get("motion").text()));
      return shown.act() == Act.ADD_PERSON
          ? new String(shown.detail(), StandardCharsets.US_ASCII)
          : shown.subject();
    } catch (RosterRefused | IllegalArgumentException malformed) {
      return "(malformed)";
    }
  }

  /** Opens the key and asks the coordinator which consortium it is for. */
  Pen pen(Server server) throws CliFailure, IOException {
    if (!Files.exists(file)) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-PERSON-001",
          "there is no key file " + file,
          "make one: consilium person new NAME; or say where yours is: --person FILE");
    }
    PersonKey person;
    try {
      person = PersonKey.read(file);
    } catch (IOException unreadable) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-PERSON-001",
          "read %s: %s".formatted(file, unreadable.getMessage()),
          "chmod 600 " + file);
    }
    Json roster = Json.parse(server.get("/api/v1/roster"));
    Fingerprint root = Fingerprint.parse(roster.get("rootFingerprint").text());
    if (person.root().isEmpty()) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-PERSON-004",
          "%s does not say which consortium's root it trusts, so it signs nothing".formatted(file),
          "take the root's fingerprint from the authority's operator, not from the coordinator:"
              + " consilium person trust --root HEX --person FILE");
    }
    if (!person.root().get().equals(root)) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-PERSON-002",
          "the coordinator shows the root %s, you trust %s".formatted(root, person.root().get()),
          "do not go on; ask the authority's operator");
    }
    return new Pen(server, person, roster, root, InstantSource.system(), new SecureRandom());
  }

  /** One person at one consortium. */
  record Pen(
      Server server,
      PersonKey person,
      Json roster,
      Fingerprint root,
      InstantSource clock,
      SecureRandom random) {

    List<String> sites() {
      return roster.get("sites").items().stream().map(Json::text).toList();
    }

    /** Whether such a motion waits for signatures. */
    boolean proposed(Act act, String subject) throws CliFailure, IOException {
      return Json.parse(server.get("/api/v1/motions")).items().stream()
          .anyMatch(
              m ->
                  m.get("act").text().equals(act.name())
                      && m.get("subject").text().equals(subject));
    }

    /** A new motion with this person's signature. */
    String propose(Act act, String subject, byte[] detail) throws CliFailure {
      try {
        return submit(
            person.sign(
                Motion.propose(
                    roster.get("trustDomain").text(),
                    act,
                    subject,
                    detail,
                    person,
                    new Motion.Terms(clock.instant().plus(PROPOSAL_LIFE), random))));
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(Exit.USAGE, "CS-USAGE-001", String.valueOf(illegal.getMessage()), "");
      }
    }

    /** This person's signature on a motion that waits; it must be the one that is described. */
    String approve(Json motion) throws CliFailure {
      try {
        Motion shown = Motion.decode(Base64.getDecoder().decode(motion.get("motion").text()));
        if (!shown.act().name().equals(motion.get("act").text())
            || !shown.subject().equals(motion.get("subject").text())
            || !shown.proposer().equals(motion.get("proposer").text())) {
          throw new CliFailure(
              Exit.NOT_ALLOWED,
              "CS-PERSON-003",
              "the coordinator describes another motion than the one to sign, which is: " + shown,
              "do not go on; ask the proposer");
        }
        return submit(person.sign(shown));
      } catch (RosterRefused | IllegalArgumentException malformed) {
        throw new CliFailure(
            Exit.FAILED, "CS-PERSON-003", "the motion shown: " + malformed.getMessage(), "");
      }
    }

    /** Signs every motion of others about a site. */
    String approveAbout(String site) throws CliFailure, IOException {
      String answer = "";
      for (Json motion : Json.parse(server.get("/api/v1/motions")).items()) {
        if (motion.get("subject").text().equals(site)
            && motion.get("act").text().endsWith("_SITE")) {
          answer = approve(motion);
        }
      }
      if (answer.isEmpty()) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-ROSTER-007",
            "nothing that was proposed about %s waits for a signature".formatted(site),
            "consilium proposal list");
      }
      return answer;
    }

    JoinToken token(String site, Duration life) throws CliFailure {
      Instant expiry = clock.instant().plus(life);
      try {
        return new JoinToken(
            site,
            roster.get("host").text(),
            Integer.parseInt(roster.get("sitePort").text()),
            Integer.parseInt(roster.get("enrolmentPort").text()),
            root,
            JoinToken.newSecret(random),
            expiry);
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(Exit.USAGE, "CS-USAGE-001", String.valueOf(illegal.getMessage()), "");
      }
    }

    /**
     * Both key digests of a waiting request, if the typed words are those of its TLS key.
     *
     * @param typed six words, or 64 hexadecimal digits
     */
    byte[] comparedKeys(String site, String typed) throws CliFailure, IOException {
      Json request = Json.parse(server.get("/api/v1/sites/" + site + "/request"));
      Fingerprint tls = Fingerprint.parse(request.get("tlsKey").text());
      List<String> words = List.of(typed.strip().toLowerCase(Locale.ROOT).split("[^a-z0-9]+"));
      String expected = words.size() == 1 ? tls.hex() : String.join(" ", tls.words());
      if (!expected.equals(String.join(" ", words))) {
        throw new CliFailure(
            Exit.FAILED,
            "CS-SITE-006",
            "approve %s: what you typed is not the fingerprint of the waiting request"
                .formatted(site),
            "compare it with the site by telephone, and deny the request when it differs");
      }
      return ByteBuffer.allocate(2 * Fingerprint.BYTES)
          .put(tls.bytes())
          .put(Fingerprint.parse(request.get("signingKey").text()).bytes())
          .array();
    }

    private String submit(Ballot ballot) throws CliFailure {
      Map<String, String> body = new LinkedHashMap<>();
      body.put("motion", Base64.getEncoder().encodeToString(ballot.motion().encoded()));
      body.put("person", ballot.person());
      body.put("signature", Base64.getEncoder().encodeToString(ballot.signature()));
      return server.post("/api/v1/motions", "application/json", Output.object(body));
    }
  }
}
