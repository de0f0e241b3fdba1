package org.consilium.site.protect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.bulk.FileBytes;
import org.consilium.security.sign.VerifyingKey;

/**
 * An update that may leave the hospital: a signed manifest and encrypted chunks in a file. Made by
 * {@link UpdateProtector} alone; {@link #reopen} takes back only what that has signed with this
 * site's key. Its bytes never change, so that sending again is sending the same.
 */
public final class SealedUpdate {
  private final UpdateManifest manifest;
  private final byte[] body;
  private final byte[] signature;
  private final Path spool;

  SealedUpdate(UpdateManifest manifest, byte[] body, byte[] signature, Path spool) {
    this.manifest = manifest;
    this.body = body;
    this.signature = signature;
    this.spool = spool;
  }

  /**
   * Takes back an update from disk after a restart.
   *
   * @param own this site's signing key
   * @throws Damaged if it was not made here, or is not whole: manifest, length or a chunk's digest
   * @throws IOException if the disk cannot read it now, which says nothing about it
   */
  public static SealedUpdate reopen(byte[] body, byte[] signature, Path spool, VerifyingKey own)
      throws IOException {
    if (!own.verify(SignedKind.UPDATE.label(), body, signature)) {
      throw new Damaged("reopen update: the manifest is not signed by this site");
    }
    UpdateManifest manifest;
    try {
      manifest = ManifestCodec.decode(body);
    } catch (MalformedMessage damaged) {
      throw new Damaged("reopen update: " + damaged.getMessage(), damaged);
    }
    SealedUpdate update = new SealedUpdate(manifest, body.clone(), signature.clone(), spool);
    update.checkSpool();
    return update;
  }

  /** What the update is. */
  public UpdateManifest manifest() {
    return manifest;
  }

  /** What is on disk is not an update that was made here. */
  public static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    Damaged(String message) {
      super(message);
    }

    Damaged(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The manifest's bytes, a copy. */
  public byte[] body() {
    return body.clone();
  }

  /** The site's signature over them, a copy. */
  public byte[] signature() {
    return signature.clone();
  }

  /** Names the upload: SHA-256 of the manifest's bytes. */
  public Digest id() {
    return Digest.sha256(body);
  }

  /** The file of the sealed chunks, one after the other. */
  public Path spool() {
    return spool;
  }

  /**
   * Whether this is the answer to {@code task}: same round, attempt, model, participants, terms.
   */
  public boolean answers(RoundTask task) {
    return task.terms().isPresent()
        && RoundTerms.context(task, manifest.vectorLength())
            .digest()
            .hex()
            .equals(manifest.context().hex());
  }

  private void checkSpool() throws IOException {
    if (!Files.exists(spool) || Files.size(spool) != manifest.seal().sealedBytes()) {
      throw new Damaged(
          "reopen update: the spool has %d bytes, the manifest says %d"
              .formatted(
                  Files.exists(spool) ? Files.size(spool) : 0, manifest.seal().sealedBytes()));
    }
    MessageDigest sha = Digest.newSha256();
    ByteBuffer chunk = ByteBuffer.allocate(Limits.CHUNK_SEALED_BYTES);
    try (FileChannel channel = FileChannel.open(spool, StandardOpenOption.READ)) {
      long at = 0;
      for (int i = 0; i < manifest.seal().chunks(); i++) {
        chunk.clear().limit(manifest.chunkBytes(i));
        if (!FileBytes.read(channel, chunk, at)) {
          throw new Damaged("reopen update: the spool ends in chunk " + i);
        }
        at += chunk.position();
        sha.update(chunk.flip());
        if (!manifest.seal().announces(i, sha.digest())) {
          throw new Damaged(
              "reopen update: chunk %d of %d has changed on disk"
                  .formatted(i, manifest.seal().chunks()));
        }
      }
    }
  }
}
