package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.consilium.coordinator.intake.Intake.Announced;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Progress;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.bulk.FileBytes;
import org.consilium.security.bulk.WriteBack;

/** One announced update: its file and which of its chunks are stored. Guarded by itself. */
final class Upload {
  private static final int NONE = -1;

  private final Announced announced;
  private final IntakeTerms terms;
  private final Spool.Place place;
  private final FileChannel file;
  private final BitSet stored = new BitSet();
  private final MessageDigest sha = Digest.newSha256();
  private int partOf = NONE; // the chunk of which the digest has taken a beginning
  private int partEnd; // bytes of it so far
  private final WriteBack writeBack;
  private Optional<Checked> checked = Optional.empty();
  private int leases;
  private int holder; // number of the lease that counts; 0: nobody's
  private boolean checking;

  Upload(
      Announced announced,
      IntakeTerms terms,
      Spool.Place place,
      FileChannel file,
      WriteBack writeBack) {
    this.announced = announced;
    this.terms = terms;
    this.place = place;
    this.file = file;
    this.writeBack = writeBack;
  }

  Announced announced() {
    return announced;
  }

  UpdateManifest manifest() {
    return announced.manifest();
  }

  IntakeTerms terms() {
    return terms;
  }

  Spool.Place place() {
    return place;
  }

  FileChannel file() {
    return file;
  }

  synchronized Progress progress() {
    byte[] bits = new byte[(manifest().seal().chunks() + 7) / 8];
    byte[] set = stored.toByteArray();
    System.arraycopy(set, 0, bits, 0, set.length);
    return new Progress(announced.upload(), manifest().seal().chunks(), bits);
  }

  synchronized boolean complete() {
    return stored.cardinality() == manifest().seal().chunks();
  }

  synchronized long missingBytes() {
    return manifest().bytesWithout(stored, 0, manifest().seal().chunks());
  }

  synchronized int missing() {
    return stored.nextClearBit(0);
  }

  synchronized Optional<Checked> checked() {
    return checked;
  }

  synchronized void checked(Checked outcome) {
    checked = Optional.of(outcome);
  }

  /** Gives the one lease, if it is free: its number. */
  synchronized OptionalInt lease() {
    if (holder != 0) {
      return OptionalInt.empty();
    }
    leases++;
    holder = leases;
    partOf = NONE; // a new stream begins with a chunk's first byte
    return OptionalInt.of(leases);
  }

  /** The lease for a check, which nobody takes away. */
  synchronized OptionalInt leaseForCheck() {
    OptionalInt lease = lease();
    checking = lease.isPresent();
    return lease;
  }

  /** Gives a lease back; one that was taken away is another's by now. */
  synchronized void release(int lease) {
    if (holds(lease)) {
      holder = 0;
      checking = false;
    }
  }

  /** Takes the lease from a stream: its site has begun anew and does not hear it any more. */
  synchronized void takeFromStream() {
    if (!checking) {
      holder = 0;
    }
  }

  synchronized boolean holds(int lease) {
    return holder == lease;
  }

  synchronized boolean leased() {
    return holder != 0;
  }

  /**
   * Hashes what a former process left in the file, so that only missing chunks are asked for. What
   * is whole is written anew: that process may have been told, and nobody will be told again, that
   * the disk has lost it, while the system still shows it.
   */
  synchronized void recover() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Limits.CHUNK_SEALED_BYTES);
    for (int i = 0; i < manifest().seal().chunks(); i++) {
      long position = position(i);
      if (position + manifest().chunkBytes(i) > file.size()) {
        return;
      }
      buffer.clear().limit(manifest().chunkBytes(i));
      if (!FileBytes.read(file, buffer, position)) {
        return;
      }
      sha.update(buffer.flip());
      if (manifest().seal().announces(i, sha.digest())) {
        FileBytes.write(file, buffer.flip(), position);
        stored.set(i);
      }
    }
  }

  /**
   * Takes a chunk or its next part. The chunk is stored when its last part has come and its digest
   * is the announced one; what was written of one that is not stored says nothing. A repeat is
   * absorbed. A chunk that has begun comes to its end before another begins, so that a stream
   * writes each byte once.
   *
   * @param lease whose part it is
   */
  synchronized Intake put(int lease, int index, int offset, ByteBuffer data) throws IOException {
    if (!holds(lease)) {
      return new Rejected(
          Why.BUSY,
          "store a chunk of site %s: it has begun to send them on another stream"
              .formatted(announced.site()));
    }
    boolean follows = partOf == NONE ? offset == 0 : index == partOf && offset == partEnd;
    partOf = NONE; // until all is well with this part
    if (!follows || !isPart(index, offset, data.remaining())) {
      return bad(
          index, "%d bytes at %d, which is not its next part".formatted(data.remaining(), offset));
    }
    if (offset == 0) {
      sha.reset();
    }
    sha.update(data.duplicate());
    int end = offset + data.remaining();
    boolean last = end == manifest().chunkBytes(index);
    if (last && !manifest().seal().announces(index, sha.digest())) {
      return bad(index, "its digest is not the announced one");
    }
    if (!stored.get(index)) {
      writePart(data.duplicate(), position(index) + offset, last);
      stored.set(index, last);
      writeBack.wrote(file, data.remaining());
    }
    if (!last) {
      partOf = index;
      partEnd = end;
    }
    return progress();
  }

  private boolean isPart(int index, int offset, int bytes) {
    return index >= 0
        && index < manifest().seal().chunks()
        && offset >= 0
        && bytes <= manifest().chunkBytes(index) - offset
        && (bytes >= Limits.PART_BYTES_MIN || bytes == manifest().chunkBytes(index) - offset);
  }

  private Rejected bad(int index, String what) {
    return new Rejected(
        Why.BAD_CHUNK,
        "store chunk %d of %d from site %s: %s"
            .formatted(index, manifest().seal().chunks(), announced.site(), what));
  }

  private void writePart(ByteBuffer rest, long position, boolean last) throws IOException {
    long at = position;
    if (last && FailPoint.CHUNK_HALF_WRITTEN.on()) {
      at += file.write(rest.slice().limit(rest.remaining() / 2), at);
      rest.position(rest.position() + rest.remaining() / 2);
      FailPoint.CHUNK_HALF_WRITTEN.reachDisk();
    }
    FileBytes.write(file, rest, at);
  }

  /**
   * Brings the file to the disk.
   *
   * @throws IOException also when writing back failed before: what the disk lost then, the file
   *     would not show again
   */
  void force() throws IOException {
    writeBack.end();
    file.force(true);
  }

  void close() throws IOException {
    writeBack.stop();
    file.close();
  }

  private long position(int index) {
    return manifest().chunkAt(index);
  }
}
