package org.consilium.coordinator.masking;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;

/**
 * The signed messages of an attempt on disk, beside its updates: named by their SHA-256, complete
 * and forced before a site is told that they are taken.
 *
 * @param spool where they are kept
 */
public record MaskTranscript(Spool spool) {
  /** A site's message was taken, and is no longer there as it was. */
  public static final class MessageBroken extends IOException {
    private static final long serialVersionUID = 1L;

    MessageBroken(SiteId site, Kind kind, String what) {
      super("masking message %s of site %s: %s".formatted(kind, site, what));
    }
  }

  /** Keeps a site's messages of a phase, as {@link MaskCodec#file} wrote them. */
  public void keep(Attempt attempt, SiteId site, Kind kind, byte[] blob) throws IOException {
    spool.keep(attempt.spool(site), suffix(kind, Digest.sha256(blob)), blob);
  }

  /**
   * What a site sent in a phase, as it was signed.
   *
   * @throws MessageBroken if it was changed or removed
   */
  List<SignedBytes> read(Attempt attempt, SiteId site, Kind kind) throws IOException {
    Optional<Digest> digest = Optional.ofNullable(attempt.masking().of(kind).get(site));
    if (digest.isEmpty()) {
      return List.of();
    }
    byte[] blob;
    try {
      blob = spool.kept(attempt.spool(site), suffix(kind, digest.get()));
    } catch (NoSuchFileException gone) {
      throw new MessageBroken(site, kind, "it is no longer on disk");
    }
    if (!Digest.sha256(blob).equals(digest.get())) {
      throw new MessageBroken(site, kind, "it was changed on disk");
    }
    return MaskCodec.file(blob);
  }

  private static String suffix(Kind kind, Digest digest) {
    return ".mask-%s-%s"
        .formatted(kind.name().toLowerCase(Locale.ROOT), digest.hex().substring(0, 16));
  }
}
