package org.consilium.site.policy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.security.keyfile.KeyFile;

/**
 * The hospital's policy on disk: {@code policy.yaml}, which people write and this class only makes
 * when it is missing; beside it {@code approvals.yaml}, which the commands write; and {@code
 * policies/}, a copy of each policy file under which a consent was given. A node that is serving
 * picks up what people change, at most once in {@link #LOOK_AGAIN_MILLIS}. A file that cannot be
 * understood refuses everything and says why; so does a missing policy file.
 */
public final class PolicyFile {
  /** The files are looked at again after this time: soon for a person, seldom for a disk. */
  static final long LOOK_AGAIN_MILLIS = 2000;

  private static final int FILE_BYTES_MAX = 1 << 20;

  private static final String NEW_FILE =
      """
      # What this hospital allows, whatever a study asks for. Every key may be left out.
      # The keys: docs/reference/policy-file.md. Check a change: consilium node policy check FILE
      modes: [masked, sealed]
      minSites: 2
      """;

  private final Path file;
  private final InstantSource clock;
  private Optional<Seen> seen = Optional.empty();

  /** The policy at {@code file}, which need not exist; the other files are beside it. */
  public PolicyFile(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
  }

  /** The two texts as they were last read. */
  private record Texts(Optional<String> policy, Optional<String> approvals) {}

  private record Seen(Instant at, Texts texts, Read read) {}

  /**
   * What the files say now; an immutable snapshot.
   *
   * @param policy refuses everything if a file is missing or wrong
   * @param digest SHA-256 of the policy file; empty if there is none that can be read
   * @param complaint what is wrong with a file, else empty
   */
  public record Read(SitePolicy policy, Optional<Digest> digest, String complaint) {}

  /** The policy, read again when a file has changed. Safe for use by many threads. */
  public synchronized Read current() {
    Instant now = clock.instant();
    if (seen.isPresent() && now.isBefore(seen.get().at().plusMillis(LOOK_AGAIN_MILLIS))) {
      return seen.get().read();
    }
    Read read;
    Texts texts;
    try {
      texts = new Texts(text(file), text(approvals()));
      read = seen.isPresent() && seen.get().texts().equals(texts) ? seen.get().read() : read(texts);
    } catch (IOException unreadable) {
      texts = new Texts(Optional.empty(), Optional.empty());
      read = refusing("policy file refused: " + unreadable.getMessage());
    }
    seen = Optional.of(new Seen(now, texts, read));
    return read;
  }

  /**
   * Reads a policy file for its own sake.
   *
   * @throws PolicyRefused if it cannot be understood
   */
  public static HouseRules check(Path policy) throws IOException, PolicyRefused {
    return PolicyYaml.parse(
        text(policy).orElseThrow(() -> new IOException("no such file: " + policy)));
  }

  /**
   * Adds a consent or denial, binds it to the policy file of now, and forces it to disk; makes a
   * policy file if there is none.
   *
   * @throws IllegalArgumentException if a file that is there cannot be understood
   */
  public synchronized void record(Approval approval) throws IOException {
    if (!Files.exists(file)) {
      KeyFile.replace(file, NEW_FILE.getBytes(StandardCharsets.UTF_8));
    }
    Texts texts = new Texts(text(file), text(approvals()));
    SitePolicy before;
    try {
      if (approval.granted()) { // a denial holds whatever the policy says
        var _ = PolicyYaml.parse(texts.policy().orElseThrow());
      }
      before =
          new SitePolicy(
              HouseRules.DEFAULT, Map.of(), ApprovalsYaml.parse(texts.approvals().orElse("{}")));
    } catch (PolicyRefused refused) {
      throw new IllegalArgumentException(refused.getMessage(), refused);
    }
    Digest digest = keep(texts.policy().orElseThrow());
    String after = ApprovalsYaml.write(before.with(approval.under(digest)).approvals());
    KeyFile.replace(approvals(), after.getBytes(StandardCharsets.UTF_8));
    seen = Optional.empty();
  }

  private Digest keep(String policy) throws IOException {
    byte[] bytes = policy.getBytes(StandardCharsets.UTF_8);
    Digest digest = Digest.sha256(bytes);
    KeyFile.createFolder(copies());
    KeyFile.replace(copy(digest), bytes);
    return digest;
  }

  private Read read(Texts texts) throws IOException {
    if (texts.policy().isEmpty()) {
      return refusing("");
    }
    String name = "policy.yaml";
    try {
      HouseRules house = PolicyYaml.parse(texts.policy().get());
      name = "approvals.yaml";
      List<Approval> given = ApprovalsYaml.parse(texts.approvals().orElse("{}"));
      Digest digest = Digest.sha256(texts.policy().get().getBytes(StandardCharsets.UTF_8));
      return new Read(new SitePolicy(house, former(given), given), Optional.of(digest), "");
    } catch (PolicyRefused refused) {
      return refusing("policy file refused: %s: %s".formatted(name, refused.getMessage()));
    }
  }

  /** The copies that consents are bound to; one that is gone or altered is left out. */
  private Map<Digest, HouseRules> former(List<Approval> given) throws IOException {
    Map<Digest, HouseRules> former = new HashMap<>();
    for (Approval approval : given) {
      if (approval.givenUnder().isEmpty() || former.containsKey(approval.givenUnder().get())) {
        continue;
      }
      Digest digest = approval.givenUnder().get();
      kept(digest).ifPresent(rules -> former.put(digest, rules));
    }
    return former;
  }

  /** A copy that is not intact, or that this version cannot read, binds nobody. */
  private Optional<HouseRules> kept(Digest digest) throws IOException {
    Optional<String> text = text(copy(digest));
    if (text.isEmpty()
        || !Digest.sha256(text.get().getBytes(StandardCharsets.UTF_8)).equals(digest)) {
      return Optional.empty();
    }
    try {
      return Optional.of(PolicyYaml.parse(text.get()));
    } catch (PolicyRefused older) {
      return Optional.empty();
    }
  }

  private static Read refusing(String complaint) {
    return new Read(SitePolicy.refuseAll(), Optional.empty(), complaint);
  }

  private Path approvals() {
    return file.resolveSibling("approvals.yaml");
  }

  private Path copies() {
    return file.resolveSibling("policies");
  }

  private Path copy(Digest digest) {
    return copies().resolve(digest.hex() + ".yaml");
  }

  private static Optional<String> text(Path path) throws IOException {
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    if (Files.size(path) > FILE_BYTES_MAX) {
      throw new IOException("%s has over %d bytes".formatted(path, FILE_BYTES_MAX));
    }
    return Optional.of(Files.readString(path));
  }
}
