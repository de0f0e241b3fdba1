package org.consilium.coordinator.intake;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.UpdateManifest;

/** What came of a step of taking an update in. */
public sealed interface Intake {

  /**
   * The manifest is the caller's and legal; whether it is expected is still to be seen.
   *
   * @param upload SHA-256 of the manifest's bytes: names the upload
   * @param body the manifest's bytes
   */
  record Announced(SiteId site, UpdateManifest manifest, Digest upload, byte[] body)
      implements Intake {
    public Announced {
      body = body.clone();
    }

    @Override
    public byte[] body() {
      return body.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Announced a && site.equals(a.site) && upload.equals(a.upload);
    }

    @Override
    public int hashCode() {
      return Objects.hash(site, upload);
    }
  }

  /**
   * Which chunks are stored.
   *
   * @param stored bit i of byte i/8 is set when chunk i is
   */
  record Progress(Digest upload, int chunks, byte[] stored) implements Intake {
    public Progress {
      stored = stored.clone();
    }

    /** Every chunk is stored. */
    public static Progress complete(Digest upload, int chunks) {
      byte[] all = new byte[(chunks + 7) / 8];
      for (int i = 0; i < chunks; i++) {
        all[i / 8] |= (byte) (1 << (i % 8));
      }
      return new Progress(upload, chunks, all);
    }

    @Override
    public byte[] stored() {
      return stored.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Progress p
          && upload.equals(p.upload)
          && chunks == p.chunks
          && Arrays.equals(stored, p.stored);
    }

    @Override
    public int hashCode() {
      return Objects.hash(upload, Arrays.hashCode(stored));
    }
  }

  /** The caller alone may send chunks of this upload until it closes the lease. */
  record Attached(UploadLease lease) implements Intake {}

  /**
   * The update is complete, opened, checked and durable.
   *
   * @param norm L2 norm as measured
   * @param clipped coordinates that the site clipped
   * @param content fingerprint of what was sealed: a copy of it has the same under any seal; empty
   *     where there is nothing in it
   */
  record Checked(
      Digest upload, UpdateManifest manifest, double norm, int clipped, Optional<Digest> content)
      implements Intake {}

  /**
   * The update was taken in: it counts.
   *
   * @param duplicate whether it had been before
   */
  record Accepted(Digest upload, boolean duplicate) implements Intake {}

  /** It is refused; nothing changed. The detail names the step, the thing and the numbers. */
  record Rejected(Why why, String detail) implements Intake {}

  /** Why an update is refused; a metric label. */
  enum Why {
    UNKNOWN_SITE,
    BAD_SIGNATURE,
    MALFORMED,
    UNKNOWN_STUDY,
    NOT_A_PARTICIPANT,
    WRONG_ROUND,
    /** Its round is over; its site drops it, or carries it if the plan lets it. */
    LATE,
    /** It was carried from a round that the plan, or the site's own part in it, does not allow. */
    NOT_CARRIED,
    /** What it was carried for is in a sum already. */
    COUNTED,
    WRONG_BASE,
    WRONG_LAYOUT,
    WRONG_CONTEXT,
    WRONG_WEIGHT,
    DIFFERENT_UPDATE,
    REPLAYED,
    BUSY,
    UNKNOWN_UPLOAD,
    BAD_CHUNK,
    INCOMPLETE,
    SEAL_BROKEN,
    OUT_OF_BOUNDS,
    NORM_TOO_LARGE,
    NORM_MISMATCH,
    BAD_TRAILER,
    DISK_FULL
  }
}
