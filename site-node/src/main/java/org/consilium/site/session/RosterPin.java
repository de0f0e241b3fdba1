package org.consilium.site.session;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Optional;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.roster.Roster;
import org.consilium.security.roster.RosterHead;
import org.consilium.security.roster.RosterHistory;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.roster.RosterRefused;

/**
 * The highest version of the consortium's roster that this site has seen. Whoever shows it an older
 * one, another one at that version, or one whose signatures are not right, is refused.
 */
public final class RosterPin {
  private static final int FILE_BYTES_MAX = 4096;

  private final Path file;
  private final SiteId self;
  private final X509Certificate root;
  private final String trustDomain;
  private final InstantSource clock;

  /**
   * A pin kept in a file.
   *
   * @param root of the consortium, that the join token named
   */
  public RosterPin(
      Path file, SiteId self, X509Certificate root, String trustDomain, InstantSource clock) {
    this.file = file;
    this.self = self;
    this.root = root;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /** Whether any version was seen. */
  public boolean known() {
    return Files.exists(file);
  }

  /**
   * Verifies what is shown and pins it.
   *
   * @throws IOException if it is refused, or the pin cannot be kept
   */
  public Roster accept(RosterProof proof) throws IOException {
    try {
      RosterHistory history = proof.verify(root, trustDomain, clock);
      Optional<RosterHead> pinned = pinned();
      if (pinned.isPresent()) {
        history.checkContinues(pinned.get());
      }
      Roster roster = history.roster();
      if (!roster.has(self.value())) {
        throw new IOException(
            "roster version %d: this site, %s, is not on it".formatted(roster.version(), self));
      }
      if (pinned.isEmpty() || pinned.get().version() < roster.version()) {
        KeyFile.replace(file, RosterHead.of(roster, clock.instant()).encoded());
      }
      return roster;
    } catch (RosterRefused refused) {
      throw new IOException(
          "roster refused (%s): %s"
              .formatted(refused.why(), Limits.printable(String.valueOf(refused.getMessage()))),
          refused);
    }
  }

  private Optional<RosterHead> pinned() throws IOException, RosterRefused {
    return known()
        ? Optional.of(RosterHead.decode(KeyFile.read(file, FILE_BYTES_MAX)))
        : Optional.empty();
  }

  static RosterProof of(org.consilium.proto.v1.RosterProof message) {
    return new RosterProof(
        message.getDecisionsList().stream().map(ByteString::toByteArray).toList(),
        message.getHead().toByteArray(),
        message.getHeadSignature().toByteArray(),
        message.getHeadChainList().stream().map(ByteString::toByteArray).toList());
  }
}
