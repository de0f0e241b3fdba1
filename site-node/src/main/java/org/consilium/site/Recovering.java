package org.consilium.site;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.sign.SigningKey;
import org.consilium.site.StateFolder.Membership;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.ProxyRules;
import org.consilium.site.session.RenewalCall;

/**
 * Brings back a TLS certificate that ended less than seven days ago. It takes the site's signing
 * key and a person at the hospital who gives the command; later the site has to join again.
 */
final class Recovering {
  private final StateFolder state;
  private final Console console;
  private final SecureRandom random;

  Recovering(StateFolder state, Console console, SecureRandom random) {
    this.state = state;
    this.console = console;
    this.random = random;
  }

  Console.Result renew() throws IOException, Failure {
    Credential ended = state.credential(StateFolder.TLS);
    Credential signing = state.credential(StateFolder.SIGNING);
    Membership membership = state.membership();
    check(ended.expiresAt(), console.clock().instant());
    X509Certificate root = ended.chain().getLast();
    try (var _ = state.alone();
        EgressLedger ledger = EgressLedger.open(state.ledger(), console.clock(), _ -> {});
        CoordinatorLink link =
            CoordinatorLink.serverOnly(
                membership.enrolment(),
                PeerTrust.forServer(root, ended.id().trustDomain()),
                ProxyRules.of(System.getenv()),
                JoiningGate.of(state, console, ledger))) {
      KeyRequest fresh = Renewing.request(state, ended, random);
      RenewalCall.Lapsed lapsed =
          new RenewalCall.Lapsed(
              membership.site(), membership.root(), ended.leaf(), SigningKey.of(signing));
      return switch (new RenewalCall(link).recover(lapsed, fresh, console.clock())) {
        case RenewalCall.Reply.Failed failed -> {
          Renewing.forget(state, failed);
          Failure.Kind kind = Joining.kind(failed.status());
          String hint =
              kind == Failure.Kind.CANNOT_CONNECT
                  ? "run the same command again; if this stays so, tell the consortium"
                  : "";
          throw new Failure(kind, "renew: " + failed.reason(), hint);
        }
        case RenewalCall.Reply.Issued(List<X509Certificate> chain) -> {
          Credential next = Renewing.store(state, console, ended, fresh, chain);
          yield new Console.Result(
              Map.of("site", membership.site(), "certificateUntil", next.expiresAt()),
              "site %s has a certificate until %s; start it with: consilium node serve --state %s"
                  .formatted(membership.site(), next.expiresAt(), state.path()));
        }
      };
    }
  }

  private static void check(Instant end, Instant now) throws Failure {
    if (now.isBefore(end)) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          "the node's certificate holds until " + end,
          "consilium node serve renews it by itself");
    }
    if (!now.isBefore(end.plus(Limits.RECOVERABLE))) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED,
          "the node's certificate ended at %s, over %d days ago"
              .formatted(end, Limits.RECOVERABLE.toDays()),
          "ask the coordinator's administrator for a new token and join again");
    }
  }
}
