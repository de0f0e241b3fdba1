package org.consilium.sim.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A bad line between a client and a server that answers with what it gets. */
final class FaultProxyTest {
  private final AtomicLong echoed = new AtomicLong();
  private ServerSocket server;

  @BeforeEach
  void serve() throws IOException {
    server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::echo);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  @Test
  void goodLine_bytesComeBackAndAreCounted() throws Exception {
    byte[] sent = new byte[300_000];
    new SplittableRandom(1).nextBytes(sent);
    try (FaultProxy proxy = proxy(LineTerms.good());
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      write(socket, sent);

      assertThat(socket.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
      assertThat(proxy.connections()).containsExactly(new Carried(1, 300_000, 300_000, false));
    }
  }

  @Test
  void narrowLine_takesItsTime() throws Exception {
    LineTerms narrow =
        new LineTerms(1_000_000, LineTerms.UNLIMITED, Duration.ZERO, 0, Duration.ZERO);
    try (FaultProxy proxy = proxy(narrow);
        Socket first = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        Socket second = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      long began = System.nanoTime();
      write(first, new byte[50_000]);
      write(second, new byte[50_000]);

      assertThat(first.getInputStream().readNBytes(50_000)).hasSize(50_000);
      assertThat(second.getInputStream().readNBytes(50_000)).hasSize(50_000);
      // 800,000 bits over one line of 1 Mbit/s, less the burst of 50 ms.
      assertThat(since(began)).isGreaterThan(Duration.ofMillis(700));
    }
  }

  @Test
  void farLine_answersLate() throws Exception {
    try (FaultProxy proxy = proxy(LineTerms.good().withLatency(Duration.ofMillis(150)));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      long began = System.nanoTime();
      socket.getOutputStream().write(7);

      assertThat(socket.getInputStream().read()).isEqualTo(7);
      assertThat(since(began)).isGreaterThanOrEqualTo(Duration.ofMillis(299));
    }
  }

  @Test
  void cutAfterBytes_exactlySoManyArrive() throws Exception {
    try (FaultProxy proxy = proxy(LineTerms.good());
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      proxy.cutAfter(Direction.UP, 100_001);
      write(socket, new byte[200_000]);

      assertThat(readUntilCut(socket)).isLessThanOrEqualTo(100_001);
      assertThat(proxy.bytes(Direction.UP)).isEqualTo(100_001);
      assertThat(proxy.cuts()).isEqualTo(1);
      assertThat(proxy.connections().getFirst().cut()).isTrue();
    }
  }

  @Test
  void cutSomewhere_sameSeed_samePlace() throws Exception {
    long[] places = new long[2];
    for (int i = 0; i < places.length; i++) {
      try (FaultProxy proxy = proxy(LineTerms.good());
          Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
        proxy.cutSomewhere(1000);
        write(socket, new byte[1000]);
        assertThat(readUntilCut(socket)).isLessThan(1000);
        // Cut on the way up, the echo may have been under way or not.
        long up = proxy.bytes(Direction.UP);
        places[i] = up < 1000 ? up : proxy.bytes(Direction.DOWN);
      }
    }

    assertThat(places[0]).isEqualTo(places[1]).isLessThan(1000);
  }

  @Test
  void partitionOneWay_requestArrivesAnswerDoesNot_untilHealed() throws Exception {
    try (FaultProxy proxy = proxy(LineTerms.good());
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      proxy.partition(EnumSet.of(Direction.DOWN));
      socket.setSoTimeout(300);
      socket.getOutputStream().write(7);

      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      assertThat(echoed.get()).isEqualTo(1);
      proxy.partition(Set.of());
      socket.setSoTimeout(10_000);
      assertThat(socket.getInputStream().read()).isEqualTo(7);
    }
  }

  @Test
  void flapping_everythingArrivesInTheEnd() throws Exception {
    try (FaultProxy proxy = proxy(LineTerms.good().withBandwidth(8_000_000));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      long began = System.nanoTime();
      proxy.flap(Duration.ofMillis(50), Duration.ofMillis(100));
      write(socket, new byte[200_000]); // 200 ms of the line, which is there a third of the time

      assertThat(socket.getInputStream().readNBytes(200_000)).hasSize(200_000);
      assertThat(since(began)).isGreaterThan(Duration.ofMillis(300));
    }
  }

  @Test
  void lossyLine_stallsAndLosesNothing() throws Exception {
    LineTerms lossy =
        new LineTerms(
            LineTerms.UNLIMITED, LineTerms.UNLIMITED, Duration.ZERO, 0.3, Duration.ofMillis(20));
    try (FaultProxy proxy = proxy(lossy);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
      byte[] sent = new byte[200_000];
      new SplittableRandom(2).nextBytes(sent);
      write(socket, sent);

      assertThat(socket.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
    }
  }

  private FaultProxy proxy(LineTerms terms) throws IOException {
    return FaultProxy.listen(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()),
        terms,
        42,
        System::nanoTime);
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  /** On a thread of its own: what is echoed must be read at the same time. */
  private static void write(Socket socket, byte[] bytes) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
              } catch (IOException cut) {
                // the reading side says so
              }
            });
  }

  /** Bytes that came before the cut. A reset is told once: to the reading or the writing side. */
  private static long readUntilCut(Socket socket) throws IOException {
    long read = 0;
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {
        read++;
      }
    } catch (SocketException reset) {
      return read;
    }
    return read; // the writing side was told, this one sees the end
  }

  private void echo() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> answer(socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void answer(Socket socket) {
    try (socket) {
      byte[] buffer = new byte[1 << 14];
      InputStream in = socket.getInputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        socket.getOutputStream().write(buffer, 0, read);
        long _ = echoed.addAndGet(read);
      }
    } catch (IOException cut) {
      // what has to be noticed is noticed at the other end
    }
  }
}
