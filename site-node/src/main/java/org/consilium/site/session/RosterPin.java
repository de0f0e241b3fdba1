package org.consilium.site.session;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.GetRosterRequest;
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
 * one, another one at that version, or one whose signatures are not right, is refused. Safe for use
 * by many threads.
 */
public final class RosterPin {
  private static final int FILE_BYTES_MAX = 1 << 20;

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

  /**
   * Asks a coordinator for its roster, verifies and pins it. While the authority behind it is away,
   * what was pinned holds for a week: nothing older was shown.
   *
   * @throws IOException if it is refused, or the pin cannot be kept
   */
  public void refresh(CoordinatorLink link) throws StatusException, IOException {
    try {
      var _ =
          accept(
              of(
                  CoordinationGrpc.newBlockingV2Stub(link.channel())
                      .withDeadlineAfter(
                          link.traffic().silenceMax().toMillis(), TimeUnit.MILLISECONDS)
                      .getRoster(GetRosterRequest.getDefaultInstance())));
    } catch (StatusException failed) {
      if (failed.getStatus().getCode() != Status.Code.UNAVAILABLE || !Files.exists(file)) {
        throw failed;
      }
      Instant confirmed = Files.getLastModifiedTime(file).toInstant();
      if (confirmed.isBefore(clock.instant().minus(RosterProof.AGE_MAX))) {
        throw new IOException(
            "roster: its authority has confirmed none since %s, at most %d days are allowed"
                .formatted(confirmed, RosterProof.AGE_MAX.toDays()));
      }
    }
  }

  /** Whether a site is on the roster; a newer one is asked for if it is not on the pinned one. */
  public boolean has(SiteId site, CoordinatorLink link) throws IOException {
    if (has(site)) {
      return true;
    }
    try {
      refresh(link);
    } catch (StatusException away) {
      return false;
    }
    return has(site);
  }

  private boolean has(SiteId site) throws IOException {
    try {
      return pinned().filter(roster -> roster.has(site.value())).isPresent();
    } catch (RosterRefused broken) {
      throw new IOException(
          "read the pinned roster %s: it does not decode".formatted(file), broken);
    }
  }

  /**
   * Verifies what is shown and pins it.
   *
   * @throws IOException if it is refused, or the pin cannot be kept
   */
  public synchronized Roster accept(RosterProof proof) throws IOException {
    try {
      RosterHistory history = proof.verify(root, trustDomain, clock);
      Optional<Roster> pinned = pinned();
      if (pinned.isPresent()) {
        history.checkContinues(RosterHead.of(pinned.get(), clock.instant()));
      }
      Roster roster = history.roster();
      if (!roster.has(self.value())) {
        throw new IOException(
            "roster version %d: this site, %s, is not on it".formatted(roster.version(), self));
      }
      if (pinned.isEmpty() || pinned.get().version() < roster.version()) {
        KeyFile.replace(file, roster.encoded());
      }
      Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
      return roster;
    } catch (RosterRefused refused) {
      throw new IOException(
          "roster refused (%s): %s"
              .formatted(refused.why(), Limits.printable(String.valueOf(refused.getMessage()))),
          refused);
    }
  }

  private synchronized Optional<Roster> pinned() throws IOException, RosterRefused {
    return Files.exists(file)
        ? Optional.of(Roster.decode(KeyFile.readDurable(file, FILE_BYTES_MAX)))
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
