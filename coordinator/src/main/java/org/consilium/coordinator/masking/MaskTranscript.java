package org.consilium.coordinator.masking;

import java.io.IOException;
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

  /** Keeps a site's messages of a phase, as {@link MaskCodec#file} wrote them. */
  public void keep(Attempt attempt, SiteId site, Kind kind, byte[] blob) throws IOException {
    spool.keep(attempt.spool(site), suffix(kind, Digest.sha256(blob)), blob);
  }

  /** What a site sent in a phase, as it was signed. */
  List<SignedBytes> read(Attempt attempt, SiteId site, Kind kind) throws IOException {
    Optional<Digest> digest = Optional.ofNullable(attempt.masking().of(kind).get(site));
    if (digest.isEmpty()) {
      return List.of();
    }
    byte[] blob = spool.kept(attempt.spool(site), suffix(kind, digest.get()));
    if (!Digest.sha256(blob).equals(digest.get())) {
      throw new IOException(
          "read %s of site %s: changed on disk".formatted(suffix(kind, digest.get()), site));
    }
    return MaskCodec.file(blob);
  }

  private static String suffix(Kind kind, Digest digest) {
    return ".mask-%s-%s"
        .formatted(kind.name().toLowerCase(Locale.ROOT), digest.hex().substring(0, 16));
  }
}
