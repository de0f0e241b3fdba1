package org.consilium.coordinator.issuing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.coordinator.database.DatabaseInUse;
import org.consilium.coordinator.journal.SqlJournal;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;

/** A running issuing authority: its key, its journal, its door. */
public final class IssuingAuthority implements AutoCloseable {
  private final SqlJournal journal;
  private final AuthorityServer server;
  private final AtomicBoolean closed = new AtomicBoolean();

  private IssuingAuthority(SqlJournal journal, AuthorityServer server) {
    this.journal = journal;
    this.server = server;
  }

  /**
   * How an authority runs.
   *
   * @param folder that {@link Founding} made
   * @param state of its journal; made if it is not there
   * @param passphrase opens the issuing key; empty: the file beside it
   * @param where port 0 for any free one
   * @param siteLife of a site's TLS certificate: 1 minute to 7 days
   */
  public record Settings(
      Path folder,
      Path state,
      Optional<Path> passphrase,
      InetSocketAddress where,
      Duration siteLife) {}

  /** Opens everything and serves; when it returns, the endpoint file in the state is written. */
  public static IssuingAuthority start(Settings settings, InstantSource clock, SecureRandom random)
      throws IOException {
    CertificateAuthority authority =
        new Founding(clock, random).open(settings.folder, settings.passphrase);
    KeyFile.createFolder(settings.state);
    byte[] founding = Files.readAllBytes(settings.folder.resolve(Founding.FILE));
    SqlJournal journal = journal(settings, clock);
    try {
      DurableFolder.settle(settings.state, 0); // the database's file, if it is new
      Registrar registrar =
          Registrar.open(authority, journal, founding, settings.siteLife, clock, random);
      AuthorityServer server = AuthorityServer.start(settings.where, authority, registrar, random);
      writeEndpoint(settings.state, server.port());
      return new IssuingAuthority(journal, server);
    } catch (IOException | RuntimeException failed) {
      journal.close();
      throw failed;
    }
  }

  private static SqlJournal journal(Settings settings, InstantSource clock) throws IOException {
    try {
      return SqlJournal.open(settings.state, clock);
    } catch (DatabaseInUse served) {
      throw new IOException(
          "another authority serves %s; stop that one first".formatted(settings.folder), served);
    }
  }

  /** The port that was bound. */
  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      server.close();
      journal.close();
    }
  }

  private static void writeEndpoint(Path state, int port) throws IOException {
    Path draft = state.resolve("endpoint.new");
    Files.writeString(
        draft,
        """
        {"authority": %d, "pid": %d}
        """
            .formatted(port, ProcessHandle.current().pid()));
    Files.move(
        draft,
        state.resolve("endpoint"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
