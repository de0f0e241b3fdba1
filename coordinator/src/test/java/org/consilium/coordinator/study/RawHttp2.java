package org.consilium.coordinator.study;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * HTTP/2 frames by hand (RFC 9113) over TLS 1.3, for what no well-behaved client sends. A thread
 * notes what comes and answers nothing.
 */
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  private static final int TIMEOUT_MILLIS = 20_000;

  /** A frame that came. */
  record Frame(int type, int flags, int stream, byte[] payload) {
    /** The error code of RST_STREAM or GOAWAY. */
    int error() {
      return ByteBuffer.wrap(payload).getInt(type == GOAWAY ? 4 : 0);
    }
  }

  final List<Frame> heard = new CopyOnWriteArrayList<>();
  private final SSLSocket socket;
  private final OutputStream out;
  private final CountDownLatch closed = new CountDownLatch(1);

  private RawHttp2(SSLSocket socket) throws IOException {
    this.socket = socket;
    this.out = socket.getOutputStream();
    Thread.ofVirtual().start(this::read);
  }

  /** TLS with ALPN h2, the preface and empty settings. */
  static RawHttp2 greet(SSLContext tls, int port) throws IOException {
    RawHttp2 line = connect(tls, port);
    line.out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    line.frame(SETTINGS, 0, 0, new byte[0]);
    return line;
  }

  /** TLS alone. */
  static RawHttp2 connect(SSLContext tls, int port) throws IOException {
    SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", port);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3"});
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    socket.startHandshake();
    return new RawHttp2(socket);
  }

  void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(9 + payload.length);
    head.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    head.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    bytes(head.array());
  }

  void bytes(byte[] raw) throws IOException {
    out.write(raw);
    out.flush();
  }

  /** Begins a gRPC call and leaves its stream open. */
  void call(int stream, String path) throws IOException {
    frame(HEADERS, END_HEADERS, stream, requestHeaders(path));
  }

  static byte[] requestHeaders(String path) {
    var block = new ByteArrayOutputStream();
    literal(block, ":method", "POST");
    literal(block, ":scheme", "https");
    literal(block, ":path", path);
    literal(block, ":authority", "localhost");
    literal(block, "content-type", "application/grpc");
    literal(block, "te", "trailers");
    return block.toByteArray();
  }

  /** A header field that is not indexed (RFC 7541, 6.2.2), without Huffman codes. */
  static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    text(block, name);
    text(block, value);
  }

  private static void text(ByteArrayOutputStream block, String text) {
    int length = text.length();
    if (length < 127) {
      block.write(length);
    } else {
      block.write(127);
      int rest = length - 127;
      while (rest >= 128) {
        block.write(rest % 128 + 128);
        rest /= 128;
      }
      block.write(rest);
    }
    block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  boolean closedWithin(Duration limit) throws InterruptedException {
    return closed.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether a frame says that a stream is over. */
  static boolean endsStream(Frame frame) {
    return frame.type() == RST_STREAM
        || (frame.type() == HEADERS && (frame.flags() & END_STREAM) != 0);
  }

  long count(Predicate<Frame> which) {
    return heard.stream().filter(which).count();
  }

  private void read() {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        heard.add(new Frame(type, flags, stream, in.readNBytes(length)));
      }
    } catch (IOException end) {
      closed.countDown(); // how it ended does not matter
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
