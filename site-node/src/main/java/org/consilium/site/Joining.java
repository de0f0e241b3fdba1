package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.MalformedToken;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.consilium.site.StateFolder.Membership;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.EnrolmentCall;
import org.consilium.site.session.EnrolmentCall.Reply;
import org.consilium.site.session.Halt;
import org.consilium.site.session.ProxyRules;
import org.consilium.site.session.RosterPin;

/**
 * Joins a consortium: keys are made here and stay here, the requests go to the server whose root
 * the token names, and people on both sides compare six words before certificates are issued. It
 * can be stopped and run again at any point.
 */
final class Joining {
  private static final Duration ASK_EVERY = Duration.ofSeconds(2);

  private final StateFolder state;
  private final Console console;
  private final SecureRandom random;

  Joining(StateFolder state, Console console, SecureRandom random) {
    this.state = state;
    this.console = console;
    this.random = random;
  }

  Console.Result join(Path tokenFile, Optional<String> host, Duration wait)
      throws IOException, Failure {
    if (state.joined()) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          "%s is a member already".formatted(state.membership().site()),
          "use another --state folder for another membership");
    }
    JoinToken token = token(tokenFile);
    state.create();
    var _ = state.roundingSecret(random);
    KeyRequest tls = request(StateFolder.TLS);
    KeyRequest signing = request(StateFolder.SIGNING);
    Membership membership = membership(token, host.orElse(token.host()));
    try (EgressLedger ledger = EgressLedger.open(state.ledger(), console.clock(), _ -> {});
        CoordinatorLink link =
            CoordinatorLink.serverOnly(
                membership.enrolment(),
                PeerTrust.pinned(membership.root()),
                ProxyRules.of(System.getenv()),
                JoiningGate.of(state, console, ledger))) {
      EnrolmentCall call = new EnrolmentCall(link, console.clock());
      if (!membership.asked()) {
        ask(call, token, tls, signing);
        state.keep(membership.afterAsking());
      }
      List<String> words = tls.fingerprint().words();
      console.progress("key of site %s: %s".formatted(token.site(), String.join(" ", words)));
      state.showFingerprint(String.join(" ", words));
      console.progress("full fingerprint: " + tls.fingerprint().hex());
      console.progress("compare the six words by telephone; waiting for the consortium's approval");
      Reply.Approved approved = collect(call, token.site(), tls, wait);
      store(approved, tls, signing, membership);
      return new Console.Result(
          Map.of(
              "site", token.site(),
              "words", words,
              "fingerprint", tls.fingerprint().hex(),
              "state", state.path().toString()),
          "site %s has joined; start it with: consilium node serve --state %s --data FILE.npz"
              .formatted(token.site(), state.path()));
    }
  }

  private JoinToken token(Path file) throws IOException, Failure {
    if (!Files.exists(file)) {
      throw new Failure(
          Failure.Kind.USAGE, "no token file " + file, "the coordinator's administrator sends it");
    }
    JoinToken token;
    try {
      token = JoinToken.read(file);
    } catch (MalformedToken malformed) {
      throw new Failure(
          Failure.Kind.USAGE,
          "join token: " + malformed.getMessage(),
          "copy the whole line again, or ask for a new token");
    }
    if (!console.clock().instant().isBefore(token.expiry()) && !state.asking()) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED,
          "the join token ended at " + token.expiry(),
          "ask the coordinator's administrator for a new one");
    }
    return token;
  }

  private Membership membership(JoinToken token, String host) throws IOException, Failure {
    if (!state.asking()) {
      Membership fresh = Membership.of(token, host, false);
      state.keep(fresh);
      return fresh;
    }
    Membership kept = state.membership();
    if (!kept.site().value().equals(token.site()) || !kept.root().equals(token.rootFingerprint())) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          "the state folder belongs to site %s, the token to %s"
              .formatted(kept.site(), token.site()),
          "use another --state folder");
    }
    Membership moved = Membership.of(token, host, kept.asked());
    state.keep(moved);
    return moved;
  }

  private KeyRequest request(String name) throws IOException {
    if (Files.exists(state.path().resolve(name + ".request.pem"))) {
      return KeyRequest.load(state.path(), name);
    }
    KeyRequest fresh =
        name.equals(StateFolder.TLS) ? KeyRequest.tls(random) : KeyRequest.signing(random);
    fresh.save(state.path(), name);
    return fresh;
  }

  private void ask(EnrolmentCall call, JoinToken token, KeyRequest tls, KeyRequest signing)
      throws IOException, Failure {
    Reply reply = call.enrol(token, tls, signing, SiteMain.version());
    if (reply instanceof Reply.Skewed(String reason)) {
      throw new Failure(
          Failure.Kind.CLOCK, reason, "set this machine's clock by NTP and run this again");
    }
    if (!(reply instanceof Reply.Failed failed)) {
      return;
    }
    if (kind(failed.status()) == Failure.Kind.CONFLICT
        && !(call.collect(token.site(), tls) instanceof Reply.Failed)) {
      return; // an earlier run of this node sent this very request and was cut before the answer
    }
    throw refused(failed, token.site());
  }

  /** Why the token was not taken, and what to do about it. */
  static Failure refused(Reply.Failed failed, String site) {
    String hint =
        switch (failed.why()) {
          case "NOT_ON_ROSTER" ->
              ("the second approval is missing: have another person of the consortium run"
                      + " consilium site approve %s, then run this same command again; the token"
                      + " is not spent")
                  .formatted(site);
          case "TOKEN_SPENT" ->
              "the token was used before; ask for a new one, and say so to the administrator";
          default -> "";
        };
    return new Failure(kind(failed.status()), failed.reason(), hint);
  }

  private Reply.Approved collect(EnrolmentCall call, String site, KeyRequest tls, Duration wait)
      throws Failure {
    Instant end = console.clock().instant().plus(wait);
    Halt halt = new Halt();
    while (true) {
      switch (call.collect(site, tls)) {
        case Reply.Approved approved -> {
          return approved;
        }
        case Reply.Denied() ->
            throw new Failure(Failure.Kind.NOT_ALLOWED, "the consortium denied the request", "");
        case Reply.Pending(), Reply.Skewed(_) -> {}
        case Reply.Failed(var status, _, String reason) -> {
          if (kind(status) != Failure.Kind.CANNOT_CONNECT) {
            throw new Failure(kind(status), "collect: " + reason, "");
          }
        }
      }
      if (!console.clock().instant().isBefore(end)) {
        throw new Failure(
            Failure.Kind.TIMED_OUT,
            "not approved within %d s".formatted(wait.toSeconds()),
            "run the same command again; it goes on where it stopped");
      }
      if (halt.await(ASK_EVERY)) {
        throw new Failure(Failure.Kind.TIMED_OUT, "interrupted", "run the same command again");
      }
    }
  }

  private void store(
      Reply.Approved approved, KeyRequest tls, KeyRequest signing, Membership membership)
      throws IOException, Failure {
    X509Certificate root = approved.tls().getLast();
    if (!Fingerprint.of(root).equals(membership.root())) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED, "the certificates are not of the token's consortium", "");
    }
    try {
      Credential node = tls.with(approved.tls());
      Credential sign = signing.with(approved.signing());
      if (node.id().kind() != SpiffeId.Kind.SITE_NODE
          || sign.id().kind() != SpiffeId.Kind.SITE_SIGNING
          || !node.id().siteName().equals(Optional.of(membership.site().value()))
          || !sign.id().siteName().equals(Optional.of(membership.site().value()))) {
        throw new Failure(
            Failure.Kind.NOT_ALLOWED,
            "the certificates name %s and %s".formatted(node.id(), sign.id()),
            "");
      }
      pin(approved, root, node, membership);
      sign.save(state.path(), StateFolder.SIGNING);
      node.save(state.path(), StateFolder.TLS);
    } catch (IllegalArgumentException unfit) {
      throw new Failure(Failure.Kind.NOT_ALLOWED, String.valueOf(unfit.getMessage()), "");
    }
    Files.deleteIfExists(state.path().resolve(StateFolder.TLS + ".request.pem"));
    Files.deleteIfExists(state.path().resolve(StateFolder.SIGNING + ".request.pem"));
  }

  private void pin(
      Reply.Approved approved, X509Certificate root, Credential node, Membership membership)
      throws Failure {
    try {
      var _ =
          new RosterPin(
                  state.roster(), membership.site(), root, node.id().trustDomain(), console.clock())
              .accept(approved.roster());
    } catch (IOException refused) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED,
          String.valueOf(refused.getMessage()),
          "tell the consortium's administrators; do not join this coordinator");
    }
  }

  static Failure.Kind kind(io.grpc.Status.Code code) {
    return switch (code) {
      case ALREADY_EXISTS, NOT_FOUND, FAILED_PRECONDITION, ABORTED -> Failure.Kind.CONFLICT;
      case PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT, DATA_LOSS ->
          Failure.Kind.NOT_ALLOWED;
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED ->
          Failure.Kind.CANNOT_CONNECT;
      case OK, UNKNOWN, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL -> Failure.Kind.FAILED;
    };
  }
}
