package org.consilium.coordinator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands say when something is missing, and services when they end. */
final class CliWordsTest {
  @TempDir Path folder;

  @Test
  void tokenFile_missing_saysThatItIsAndWhoMakesIt() {
    String said =
        failure(
            "study",
            "list",
            "--server",
            "http://127.0.0.1:1",
            "--admin-token-file",
            folder.resolve("none.token").toString());

    assertThat(said)
        .contains("CS-AUTH-002", "there is no token file", "makes admin.token")
        .doesNotContain("chmod");
  }

  @Test
  void tokenFile_readableByOthers_saysHowToCloseIt() throws Exception {
    Path open = Files.writeString(folder.resolve("open.token"), "secret");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));

    assertThat(
            failure(
                "study",
                "list",
                "--server",
                "http://127.0.0.1:1",
                "--admin-token-file",
                open.toString()))
        .contains("CS-AUTH-002", "chmod 600 " + open);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://coordinator.example.org:8080",
        "HTTP://192.0.2.7:8080/",
        "http://localhost.example.org",
        "http://[2001:db8::1]:8080",
      })
  void token_inTheClearToAnotherMachine_isNotSentAndTheWayIsNamed(String server) throws Exception {
    assertThat(failure("study", "list", "--server", server, "--admin-token-file", token()))
        .contains("CS-NET-004", "is not sent to", "https://", "ssh -N -L");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost:1",
        "http://127.0.0.1:1",
        "http://127.8.9.10:1",
        "http://[::1]:1",
        "https://127.0.0.1:1",
      })
  void token_toThisMachineOrByTls_isSent(String server) throws Exception {
    // Nobody listens there, and that is all that is wrong.
    assertThat(failure("study", "list", "--server", server, "--admin-token-file", token()))
        .contains("CS-NET-00")
        .doesNotContain("CS-NET-004");
  }

  @Test
  void token_stateFolderOfAnotherMachine_isNotSent() throws Exception {
    Path state = Files.createDirectories(folder.resolve("shared"));
    Files.move(Path.of(token()), state.resolve("admin.token"));
    Files.writeString(state.resolve("endpoint"), "{\"http\": \"http://192.0.2.7:8080\"}");

    assertThat(failure("study", "list", "--state", state.toString())).contains("CS-NET-004");
  }

  @Test
  void server_withoutAScheme_isAUsageError() {
    assertThat(failure("study", "list", "--server", "coordinator:8080"))
        .contains("CS-USAGE-001", "is not the address of a coordinator");
  }

  /** A token's file that its owner alone reads. */
  private String token() throws Exception {
    Path file = Files.writeString(folder.resolve("admin.token"), "secret");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  @Test
  void personKey_missing_saysHowOneIsMade() {
    assertThat(
            failure(
                "site",
                "approve",
                "north",
                "--server",
                "http://127.0.0.1:1",
                "--person",
                folder.resolve("none.key").toString()))
        .contains("CS-PERSON-001", "there is no key file", "consilium person new")
        .doesNotContain("chmod");
  }

  @Test
  void studyCreate_next_namesTheHospitalsApproval() throws Exception {
    Path study = Files.writeString(folder.resolve("study.yaml"), "kind: Study");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] answer =
              "{\"name\": \"lungs\", \"digest\": \"abc\"}".getBytes(StandardCharsets.US_ASCII);
          exchange.sendResponseHeaders(201, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    StringWriter out = new StringWriter();
    try {
      int exit =
          CommandLines.run(
              new PrintWriter(out, true),
              new PrintWriter(new StringWriter(), true),
              "study",
              "create",
              "-f",
              study.toString(),
              "--server",
              url);
      assertThat(exit).isZero();
    } finally {
      server.stop(0);
    }

    assertThat(out.toString())
        .contains("each hospital approves it, consilium node approve lungs")
        .contains("then: consilium study start lungs --server " + url);
  }

  @Test
  void stopping_saysSoBeforeAndAfterAndClosesOnce() {
    StringWriter err = new StringWriter();
    AtomicInteger closed = new AtomicInteger();
    Output output =
        new Output(new PrintWriter(new StringWriter()), new PrintWriter(err, true), false);
    Runnable step = Stopping.step(output, closed::incrementAndGet);

    step.run();
    step.run();

    assertThat(err.toString().lines()).containsExactly("stopping ...", "stopped");
    assertThat(closed).hasValue(1);
  }

  private String failure(String... args) {
    StringWriter err = new StringWriter();
    int exit =
        CommandLines.run(
            new PrintWriter(new StringWriter(), true), new PrintWriter(err, true), args);
    assertThat(exit).isNotZero();
    return err.toString();
  }
}
