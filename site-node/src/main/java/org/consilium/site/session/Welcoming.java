package org.consilium.site.session;

import java.time.Instant;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Welcome;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.security.sign.ChainRefused;

/** The first message of a session, checked. */
final class Welcoming {
  private Welcoming() {}

  /**
   * The key of a coordinator that welcomed this site.
   *
   * @param asked when this site said hello
   */
  static CoordinatorKey checked(
      CoordinatorMessage first, CoordinatorSession.Self self, Instant asked, Instant now)
      throws ChainRefused {
    if (!first.hasWelcome()) {
      throw new MalformedMessage("session: the first message is not a welcome");
    }
    Welcome welcome = first.getWelcome();
    if (welcome.getProtocol() != Limits.PROTOCOL) {
      throw new MalformedMessage(
          "session: protocol %d, this node speaks %d"
              .formatted(welcome.getProtocol(), Limits.PROTOCOL));
    }
    if (!welcome.getSite().equals(self.site().value())) {
      throw new MalformedMessage(
          "session: welcomed as %s, this is %s"
              .formatted(Limits.printable(welcome.getSite()), self.site()));
    }
    Skew.check(welcome.getCoordinatorTimeMillis(), asked, now);
    return CoordinatorKey.of(welcome.getSigningChainList(), self.chains());
  }
}
