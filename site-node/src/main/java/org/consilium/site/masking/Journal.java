package org.consilium.site.masking;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.consilium.proto.journal.SiteMasking;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage.Place;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.mask.MaskSecrets;
import org.consilium.security.mask.MaskTerms;
import org.consilium.security.mask.MaskingSite.Progress;
import org.consilium.security.mask.Pledge;

/**
 * What masking must still know after a crash: of each study the attempt in progress, with its
 * secrets, encrypted; and of every round the one set of survivors that this site signed. Both are
 * on disk before anything that follows from them leaves.
 *
 * @param studies one folder a study
 * @param files how the attempt is encrypted
 */
record Journal(Path studies, SealedFile files) {
  private static final String ATTEMPT = "masking.sealed";
  private static final String PLEDGES = "mask-pledges.txt";
  private static final Pattern PLEDGE = Pattern.compile("[0-9]{1,9}( [0-9a-f]{64}){2}");

  /** After the last pledge, so that one that was cut off is missed. */
  private static final String END = "end\n";

  private static final int ATTEMPT_BYTES_MAX = 64 << 10;
  private static final int PLEDGES_BYTES_MAX = 4 << 20;

  /**
   * One attempt.
   *
   * @param participants sorted by site; a site's number is its place
   * @param signingKeys SHA-256 of each participant's signing key
   */
  record Entry(
      Place place,
      Digest studyDigest,
      List<SiteId> participants,
      List<Digest> signingKeys,
      int threshold,
      int survivorsMin,
      MaskSecrets secrets,
      Progress progress) {
    MaskTerms terms() {
      return new MaskTerms(
          new Fingerprint(place.context().bytes()), participants.size(), threshold, survivorsMin);
    }

    Entry with(Progress further) {
      return new Entry(
          place, studyDigest, participants, signingKeys, threshold, survivorsMin, secrets, further);
    }
  }

  /** The attempt in progress of a study. */
  Optional<Entry> read(StudyId study) throws IOException {
    Optional<byte[]> bytes = files.read(attempt(study), ATTEMPT_BYTES_MAX);
    try {
      return bytes.isEmpty()
          ? Optional.empty()
          : Optional.of(entry(SiteMasking.parseFrom(bytes.get())));
    } catch (InvalidProtocolBufferException | IllegalArgumentException broken) {
      throw new IOException("read the masking of study %s".formatted(study), broken);
    }
  }

  void write(Entry entry) throws IOException {
    files.replace(attempt(entry.place().round().study()), message(entry).toByteArray());
  }

  /** Forgets the attempt and its secrets; what was signed stays known. */
  void erase(StudyId study) throws IOException {
    Files.deleteIfExists(attempt(study));
  }

  /** What this site signed in a round, in any attempt. */
  Optional<Pledge> pledge(RoundId round) throws IOException {
    String start = round.number() + " ";
    for (String line : pledges(round.study())) {
      if (line.startsWith(start)) {
        String[] words = line.split(" ", -1);
        return Optional.of(new Pledge(fingerprint(words[1]), fingerprint(words[2])));
      }
    }
    return Optional.empty();
  }

  /** Notes what this site is about to sign in a round; the caller has seen that it is the first. */
  void note(RoundId round, Pledge pledge) throws IOException {
    List<String> lines = new ArrayList<>(pledges(round.study()));
    lines.add(
        "%d %s %s".formatted(round.number(), pledge.context().hex(), pledge.survivors().hex()));
    KeyFile.replace(
        folder(round.study()).resolve(PLEDGES),
        (String.join("\n", lines) + "\n" + END).getBytes(StandardCharsets.UTF_8));
  }

  /** A file that is not whole, even by its last line, says nothing: this site would sign twice. */
  private List<String> pledges(StudyId study) throws IOException {
    Path file = folder(study).resolve(PLEDGES);
    if (!Files.exists(file)) {
      return List.of();
    }
    String text = new String(KeyFile.readDurable(file, PLEDGES_BYTES_MAX), StandardCharsets.UTF_8);
    boolean whole = text.endsWith("\n" + END);
    List<String> lines =
        whole ? text.substring(0, text.length() - END.length()).lines().toList() : List.of();
    if (!whole || !lines.stream().allMatch(l -> PLEDGE.matcher(l).matches())) {
      throw new IOException("read %s: it is damaged".formatted(PLEDGES));
    }
    return lines;
  }

  private Path folder(StudyId study) {
    return studies.resolve(study.value());
  }

  private Path attempt(StudyId study) {
    return folder(study).resolve(ATTEMPT);
  }

  private static SiteMasking message(Entry e) {
    SiteMasking.Builder m =
        SiteMasking.newBuilder()
            .setContext(bytes(e.place().context()))
            .setStudy(e.place().round().study().value())
            .setRound(e.place().round().number())
            .setAttempt(e.place().attempt())
            .setStudyDigest(bytes(e.studyDigest()))
            .setThreshold(e.threshold())
            .setSurvivorsMin(e.survivorsMin())
            .setSecrets(ByteString.copyFrom(e.secrets().bytes()));
    for (int i = 0; i < e.participants().size(); i++) {
      m.addParticipantsBuilder()
          .setSite(e.participants().get(i).value())
          .setSigningKeyDigest(bytes(e.signingKeys().get(i)));
    }
    e.progress().keys().ifPresent(d -> m.setKeys(bytes(d)));
    e.progress().parcels().ifPresent(d -> m.setParcels(bytes(d)));
    e.progress().uploaded().ifPresent(d -> m.setUploaded(bytes(d)));
    e.progress().consented().ifPresent(d -> m.setConsented(bytes(d)));
    return m.build();
  }

  private static Entry entry(SiteMasking m) {
    return new Entry(
        new Place(
            Digest.of(m.getContext().toByteArray()),
            new RoundId(new StudyId(m.getStudy()), m.getRound()),
            m.getAttempt()),
        Digest.of(m.getStudyDigest().toByteArray()),
        m.getParticipantsList().stream().map(p -> new SiteId(p.getSite())).toList(),
        m.getParticipantsList().stream()
            .map(p -> Digest.of(p.getSigningKeyDigest().toByteArray()))
            .toList(),
        m.getThreshold(),
        m.getSurvivorsMin(),
        MaskSecrets.of(m.getSecrets().toByteArray()),
        new Progress(
            digest(m.getKeys()),
            digest(m.getParcels()),
            digest(m.getUploaded()),
            digest(m.getConsented())));
  }

  private static Optional<Fingerprint> digest(ByteString raw) {
    return raw.isEmpty() ? Optional.empty() : Optional.of(new Fingerprint(raw.toByteArray()));
  }

  private static ByteString bytes(Digest digest) {
    return ByteString.copyFrom(digest.bytes());
  }

  private static ByteString bytes(Fingerprint digest) {
    return ByteString.copyFrom(digest.bytes());
  }

  private static Fingerprint fingerprint(String hex) {
    return new Fingerprint(java.util.HexFormat.of().parseHex(hex));
  }
}
