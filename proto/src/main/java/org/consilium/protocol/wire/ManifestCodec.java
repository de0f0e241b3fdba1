package org.consilium.protocol.wire;

import com.google.protobuf.ByteString;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.UpdateManifest;

/** Update manifests as bytes. */
public final class ManifestCodec {
  private ManifestCodec() {}

  /** The manifest's bytes; the upload is named by their SHA-256. */
  public static byte[] encode(UpdateManifest manifest) {
    return org.consilium.proto.v1.UpdateManifest.newBuilder()
        .setContext(Decoding.bytes(manifest.context()))
        .setStudy(manifest.round().study().value())
        .setRound(manifest.round().number())
        .setAttempt(manifest.attempt())
        .setBaseVersion(Decoding.bytes(manifest.base().digest()))
        .setOriginRound(manifest.origin())
        .setLayoutDigest(Decoding.bytes(manifest.layoutDigest()))
        .setVectorLength(manifest.vectorLength())
        .setWeight(manifest.weight())
        .setSamples(manifest.samples())
        .setNorm(manifest.norm())
        .setTrainingLoss(manifest.trainingLoss())
        .setEncapsulation(ByteString.copyFrom(manifest.seal().encapsulation()))
        .setSealedBytes(manifest.seal().sealedBytes())
        .setChunkBytes(
            UpdateManifest.plainChunkBytes(manifest.valueBytes()) + Limits.CHUNK_TAG_BYTES)
        .setChunkDigests(ByteString.copyFrom(manifest.seal().chunkDigests()))
        .setShifts(ByteString.copyFrom(manifest.seal().shifts()))
        .build()
        .toByteArray();
  }

  /** The manifest in {@code body}. */
  public static UpdateManifest decode(byte[] body) {
    return Decoding.decode(
        "update manifest",
        body,
        Limits.MESSAGE_BYTES_MAX,
        org.consilium.proto.v1.UpdateManifest.parser(),
        ManifestCodec::manifest);
  }

  private static UpdateManifest manifest(org.consilium.proto.v1.UpdateManifest m) {
    UpdateManifest manifest = plain(m);
    int expected = UpdateManifest.plainChunkBytes(manifest.valueBytes()) + Limits.CHUNK_TAG_BYTES;
    if (m.getChunkBytes() != expected) {
      throw new IllegalArgumentException(
          "chunk bytes must be %d, got %d".formatted(expected, m.getChunkBytes()));
    }
    return manifest;
  }

  private static UpdateManifest plain(org.consilium.proto.v1.UpdateManifest m) {
    return new UpdateManifest(
        Decoding.digest(m.getContext()),
        new RoundId(new StudyId(m.getStudy()), m.getRound()),
        m.getAttempt(),
        new ModelVersion(Decoding.digest(m.getBaseVersion())),
        m.getOriginRound(),
        Decoding.digest(m.getLayoutDigest()),
        m.getVectorLength(),
        m.getWeight(),
        m.getSamples(),
        m.getNorm(),
        m.getTrainingLoss(),
        new UpdateManifest.Seal(
            m.getEncapsulation().toByteArray(),
            m.getSealedBytes(),
            m.getChunkDigests().toByteArray(),
            m.getShifts().toByteArray()));
  }
}
