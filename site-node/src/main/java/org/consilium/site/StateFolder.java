package org.consilium.site;

import java.io.IOException;
import java.io.StringReader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.Properties;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.keyfile.LockFile;
import org.consilium.site.ledger.digest.Digests;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.consilium.site.session.CoordinatorLink.Endpoint;

/**
 * Where a node keeps what must survive a restart. Everything in it is readable by its owner alone.
 *
 * @param path the folder
 */
record StateFolder(Path path) {
  static final String TLS = "tls";
  static final String SIGNING = "signing";
  static final String RENEWAL = "renewal";

  private static final String MEMBERSHIP = "membership.properties";
  private static final int LEVELS = 3; // studies, one study, its files of one kind
  private static final int SECRET_BYTES = 32;
  private static final int SMALL_FILE_BYTES_MAX = 1 << 16;

  /** What a join token said, kept after it is spent. */
  record Membership(
      SiteId site, Endpoint coordinator, Endpoint enrolment, Fingerprint root, boolean asked) {
    static Membership of(JoinToken token, String host, boolean asked) {
      return new Membership(
          new SiteId(token.site()),
          new Endpoint(host, token.sitePort()),
          new Endpoint(host, token.sitePort()).at(token.enrolmentPort()),
          token.rootFingerprint(),
          asked);
    }

    Membership afterAsking() {
      return new Membership(site, coordinator, enrolment, root, true);
    }
  }

  /**
   * The state of a node that is there: a mistyped folder must not look like a node that has been
   * stopped, or from which nothing left.
   *
   * @throws Failure if nothing of a node is in it
   */
  static StateFolder of(Path path) throws Failure {
    StateFolder state = new StateFolder(path);
    boolean something =
        state.asking()
            || state.joined()
            || Files.exists(state.policy())
            || Files.exists(state.ledger()); // a copy of it, for whoever checks it
    if (!something) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          Files.isDirectory(path)
              ? "there is no node in the folder " + path
              : "there is no folder " + path,
          "--state names the folder that consilium node join was given");
    }
    return state;
  }

  Path policy() {
    return path.resolve("policy.yaml");
  }

  /** The highest roster version seen. */
  Path roster() {
    return path.resolve("roster.pin");
  }

  Path ledger() {
    return path.resolve("ledger.jsonl");
  }

  /** Signed digests of what left, a file a day. */
  Digests digests() {
    return new Digests(path.resolve("digests"), ledger());
  }

  /** What studies spend of the patients' privacy, with its counter there or in this folder. */
  PrivacyLedger.Place privacy(Optional<Path> witness) {
    return new PrivacyLedger.Place(
        path.resolve("privacy.jsonl"),
        witness.orElse(path.resolve("privacy-witness.properties")),
        path.resolve("privacy-budgets.properties"));
  }

  /** The last checkpoint of the coordinator's audit log, and what was refused. */
  Path audit() {
    return path.resolve("audit");
  }

  Path outbox() {
    return path.resolve("outbox");
  }

  Path cache() {
    return path.resolve("cache");
  }

  Path studies() {
    return path.resolve("studies");
  }

  Path paused() {
    return path.resolve("paused");
  }

  /** Words that must never leave, planted by the hospital; need not exist. */
  Path canaries() {
    return path.resolve("canaries.txt");
  }

  /** What was answered about numbers of cases. */
  Path counts() {
    return path.resolve("counts");
  }

  /** The newest list of revoked certificates. */
  Path revoked() {
    return path.resolve("revoked.crl");
  }

  Path endpoint() {
    return path.resolve("endpoint");
  }

  /** Held by the one process that speaks for the site from this folder; close it. */
  FileChannel alone() throws IOException, Failure {
    return LockFile.take(path.resolve("serve.lock"))
        .orElseThrow(
            () ->
                new Failure(
                    Failure.Kind.CONFLICT,
                    "another node serves from %s already".formatted(path),
                    "stop that one first; two would answer for one site"));
  }

  /** Forces the names of what an earlier process left: what this one finds, it builds on. */
  void settle() throws IOException {
    DurableFolder.settle(path, LEVELS);
  }

  Path status() {
    return path.resolve("status.properties");
  }

  void create() throws IOException {
    KeyFile.createFolder(path);
  }

  boolean joined() {
    return Files.exists(path.resolve(TLS + ".pem")) && Files.exists(path.resolve(SIGNING + ".pem"));
  }

  boolean asking() {
    return Files.exists(path.resolve(MEMBERSHIP));
  }

  void keep(Membership membership) throws IOException {
    String text =
        String.join(
            "\n",
            "site=" + membership.site(),
            "host=" + membership.coordinator().host(),
            "sitePort=" + membership.coordinator().port(),
            "enrolmentPort=" + membership.enrolment().port(),
            "root=" + membership.root().hex(),
            "asked=" + membership.asked(),
            "");
    KeyFile.replace(path.resolve(MEMBERSHIP), text.getBytes(StandardCharsets.UTF_8));
  }

  Membership membership() throws IOException, Failure {
    if (!asking()) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          "%s holds no membership of a consortium".formatted(path),
          "consilium node join --token-file FILE --state " + path);
    }
    Properties properties = properties(path.resolve(MEMBERSHIP));
    try {
      String host = required(properties, "host");
      return new Membership(
          new SiteId(required(properties, "site")),
          new Endpoint(host, Integer.parseInt(required(properties, "sitePort"))),
          new Endpoint(host, 0).at(Integer.parseInt(required(properties, "enrolmentPort"))),
          Fingerprint.parse(required(properties, "root")),
          Boolean.parseBoolean(required(properties, "asked")));
    } catch (IllegalArgumentException damaged) {
      throw new IOException("read membership.properties: " + damaged.getMessage(), damaged);
    }
  }

  Credential credential(String name) throws IOException, Failure {
    if (!joined()) {
      throw new Failure(
          Failure.Kind.CONFLICT,
          "%s holds no certificates: joining is not finished".formatted(path),
          "run consilium node join again; it goes on where it stopped");
    }
    return Credential.load(path, name);
  }

  /** Leaves the six words of this node's key where its people can read them again. */
  void showFingerprint(String words) throws IOException {
    Files.writeString(path.resolve("fingerprint.txt"), words + "\n");
  }

  /** The secret that decides the rounding of deltas; made on first use. */
  byte[] roundingSecret(SecureRandom random) throws IOException {
    Path file = path.resolve("rounding.secret");
    if (!Files.exists(file)) {
      byte[] secret = new byte[SECRET_BYTES];
      random.nextBytes(secret);
      KeyFile.create(file, secret);
    }
    byte[] secret = KeyFile.readDurable(file, SECRET_BYTES);
    if (secret.length != SECRET_BYTES) {
      throw new IOException(
          "read rounding.secret: %d bytes, not %d".formatted(secret.length, SECRET_BYTES));
    }
    return secret;
  }

  Properties properties(Path file) throws IOException {
    Properties properties = new Properties();
    properties.load(
        new StringReader(
            new String(KeyFile.read(file, SMALL_FILE_BYTES_MAX), StandardCharsets.UTF_8)));
    return properties;
  }

  private static String required(Properties properties, String key) {
    String value = properties.getProperty(key, "");
    if (value.isEmpty()) {
      throw new IllegalArgumentException("it has no " + key);
    }
    return value;
  }
}
