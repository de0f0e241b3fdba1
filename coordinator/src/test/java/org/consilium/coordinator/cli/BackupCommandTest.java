package org.consilium.coordinator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code coordinator backup} leaves on the disk, and where it refuses to. */
final class BackupCommandTest {
  private static final byte[] WHOLE = {1, 2, 3, 4};

  @TempDir Path folder;

  private final StringWriter err = new StringWriter();
  private HttpServer server;

  /** A server that promises the bytes that {@code /short} never sends. */
  @BeforeEach
  void serve() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          boolean cut = exchange.getRequestURI().getPath().startsWith("/short");
          exchange.sendResponseHeaders(200, cut ? 1000 : WHOLE.length);
          exchange.getResponseBody().write(WHOLE);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void backup_wholeAnswer_isAFileOfItsOwnerAloneAndNoDraftStays() throws Exception {
    Path out = folder.resolve("monday.backup");

    assertThat(run("-o", out.toString(), "--server", url("/"))).as(err.toString()).isZero();

    assertThat(Files.readAllBytes(out)).isEqualTo(WHOLE);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
    assertThat(files()).containsExactly("monday.backup");
  }

  @Test
  void backup_answerCutShort_leavesNothing() throws Exception {
    Path out = folder.resolve("monday.backup");

    assertThat(run("-o", out.toString(), "--server", url("/short"))).isNotZero();

    assertThat(err.toString()).contains("CS-NET-003");
    assertThat(files()).isEmpty();
  }

  @Test
  void backup_intoTheStateFolder_isRefused() throws Exception {
    Path state = Files.createDirectories(folder.resolve("state"));

    int exit =
        run("-o", state.resolve("copies/monday.backup").toString(), "--state", state.toString());

    assertThat(exit).isEqualTo(CliFailure.Exit.USAGE.number());
    assertThat(err.toString()).contains("CS-BACKUP-004", "is in the state folder");
  }

  @Test
  void backup_intoTheStateFolderThroughALink_isRefused() throws Exception {
    Path state = Files.createDirectories(folder.resolve("state"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), state);

    int exit = run("-o", state.resolve("monday.backup").toString(), "--state", link.toString());

    assertThat(exit).isEqualTo(CliFailure.Exit.USAGE.number());
    assertThat(err.toString()).contains("CS-BACKUP-004");
  }

  @Test
  void backup_besideTheStateFolder_isAsked() throws Exception {
    Path state = Files.createDirectories(folder.resolve("state"));

    int exit = run("-o", folder.resolve("state.backup").toString(), "--state", state.toString());

    // Nobody listens there: the place was not what stopped it.
    assertThat(exit).isEqualTo(CliFailure.Exit.CANNOT_CONNECT.number());
    assertThat(err.toString()).contains("CS-NET-001");
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  private List<String> files() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }

  private int run(String... options) {
    String[] words =
        Stream.concat(Stream.of("coordinator", "backup"), Stream.of(options))
            .toArray(String[]::new);
    return CommandLines.run(
        new PrintWriter(new StringWriter(), true), new PrintWriter(err, true), words);
  }
}
