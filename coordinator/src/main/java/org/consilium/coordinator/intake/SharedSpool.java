package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.coordinator.intake.Spool.Place;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.bulk.FileBytes;

/**
 * The spool in the store that coordinators share. An update's name holds its manifest's digest, so
 * that what a former leader still puts there never takes the place of anything; what is removed is
 * older than what is open, so that a former leader removes nothing that its successor needs.
 */
final class SharedSpool {
  private static final Pattern ATTEMPT = Pattern.compile("([0-9]{1,9})-([0-9]{1,9})/");
  private static final String SPOOL = "spool/";
  private static final String SEALED = ".sealed";
  private static final String MANIFEST = ".manifest";
  private static final String KEPT = "KEPT";
  private static final int NAME_HEX = 32;

  private final Blobs blobs;

  /** Updates whose chunks on this machine are known to be whole. */
  private final Set<String> whole = ConcurrentHashMap.newKeySet();

  SharedSpool(Blobs blobs) {
    this.blobs = blobs;
  }

  void share(Place place, Digest upload, Path sealed, Path manifest) throws IOException {
    blobs.put(name(place, upload) + SEALED, sealed);
    blobs.put(name(place, upload) + MANIFEST, manifest);
    whole.add(name(place, upload));
  }

  /** Brings an update's manifest; false if it is not in the store. */
  boolean manifest(Place place, Digest upload, Path file) throws IOException {
    return blobs.fetch(name(place, upload) + MANIFEST, file);
  }

  /**
   * Has the announced chunks in {@code file}: those that are there, else those of the store. What
   * is in neither is left for the reader to find.
   */
  void provide(Place place, Digest upload, UpdateManifest manifest, Path file) throws IOException {
    String name = name(place, upload);
    if (whole.contains(name) && Files.exists(file)) {
      return;
    }
    if (!announced(file, manifest)) {
      boolean _ = blobs.fetch(name + SEALED, file);
    }
    whole.add(name);
  }

  private static boolean announced(Path sealed, UpdateManifest manifest) throws IOException {
    if (!Files.exists(sealed)) {
      return false;
    }
    ByteBuffer buffer = ByteBuffer.allocate(Limits.CHUNK_SEALED_BYTES);
    MessageDigest sha = Digest.newSha256();
    try (FileChannel file = FileChannel.open(sealed, StandardOpenOption.READ)) {
      for (int i = 0; i < manifest.seal().chunks(); i++) {
        buffer.clear().limit(manifest.chunkBytes(i));
        if (!FileBytes.read(file, buffer, manifest.chunkAt(i))) {
          return false;
        }
        sha.update(buffer.flip());
        if (!manifest.seal().announces(i, sha.digest())) {
          return false;
        }
      }
    }
    return true;
  }

  void keep(Place place, String suffix, byte[] bytes) throws IOException {
    blobs.put(folder(place.round(), place.attempt()) + place.site().value() + suffix, bytes);
  }

  boolean kept(Place place, String suffix, Path file) throws IOException {
    return blobs.fetch(
        folder(place.round(), place.attempt()) + place.site().value() + suffix, file);
  }

  void mark(RoundId round, int attempt) throws IOException {
    blobs.put(folder(round, attempt) + KEPT, new byte[0]);
  }

  void unmark(RoundId round, int attempt) throws IOException {
    blobs.delete(folder(round, attempt) + KEPT);
  }

  boolean keeps(StudyId study) throws IOException {
    AtomicBoolean kept = new AtomicBoolean();
    blobs.list(
        SPOOL + study.value() + "/",
        entry -> {
          if (entry.key().endsWith("/" + KEPT)) {
            kept.set(true);
          }
        });
    return kept.get();
  }

  /** Removes what is of attempts before one, but for those that are kept. */
  void retire(StudyId study, int number, int attempt) throws IOException {
    String start = SPOOL + study.value() + "/";
    List<String> old = new ArrayList<>();
    Set<String> kept = new HashSet<>();
    blobs.list(
        start,
        entry -> {
          String folder = entry.key().substring(0, entry.key().lastIndexOf('/') + 1);
          if (entry.key().endsWith("/" + KEPT)) {
            kept.add(folder);
          } else if (before(folder.substring(start.length()), number, attempt)) {
            old.add(entry.key());
          }
        });
    for (String key : old) {
      if (!kept.contains(key.substring(0, key.lastIndexOf('/') + 1))) {
        blobs.delete(key);
      }
    }
    whole.removeIf(
        name -> name.startsWith(start) && before(name.substring(start.length()), number, attempt));
  }

  /** Removes a site's update in one attempt. */
  void withdraw(Place place) throws IOException {
    List<String> gone = new ArrayList<>();
    String start = folder(place.round(), place.attempt()) + place.site().value() + ".";
    blobs.list(
        start,
        entry -> {
          if (entry.key().endsWith(SEALED) || entry.key().endsWith(MANIFEST)) {
            gone.add(entry.key());
          }
        });
    for (String key : gone) {
      blobs.delete(key);
    }
    whole.removeIf(name -> name.startsWith(start));
  }

  /** Whether a name that begins with {@code number-attempt/} is of an earlier attempt. */
  private static boolean before(String name, int number, int attempt) {
    Matcher of = ATTEMPT.matcher(name); // another name in the bucket is nobody's business here
    return of.lookingAt()
        && (Integer.parseInt(of.group(1)) < number
            || (Integer.parseInt(of.group(1)) == number
                && Integer.parseInt(of.group(2)) < attempt));
  }

  private static String name(Place place, Digest upload) {
    return folder(place.round(), place.attempt())
        + place.site().value()
        + "."
        + upload.hex().substring(0, NAME_HEX);
  }

  private static String folder(RoundId round, int attempt) {
    return "%s%s/%d-%d/".formatted(SPOOL, round.study().value(), round.number(), attempt);
  }
}
