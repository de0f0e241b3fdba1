package org.consilium.coordinator.study;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The first message of a TLS client, written by hand (RFC 8446, 4.1.2), and what a port answers: so
 * that a scan depends on nothing that the JDK allows or forbids.
 */
final class TlsProbe {
  static final int TLS_1_3 = 0x0304;
  static final int ALERT = 21;
  static final int HANDSHAKE = 22;

  private static final int TIMEOUT_MILLIS = 5_000;

  private TlsProbe() {}

  /**
   * What a client offers.
   *
   * @param version of the record and the hello, for example 0x0303
   * @param versions in the extension of that name; empty: no such extension
   * @param ciphers suites
   * @param groups for the key agreement, with no share: the server has to ask for one of them
   */
  record Offer(int version, List<Integer> versions, List<Integer> ciphers, List<Integer> groups) {}

  /** What came back. */
  sealed interface Answer {
    /** A server hello or a request for a share of {@code group}. */
    record Hello(int version, int cipher, int group) implements Answer {}

    /** A TLS alert. */
    record Alert(int description) implements Answer {}

    /** Neither; the port hung up. */
    record Closed() implements Answer {}
  }

  /** Offers, and reads the first record of the answer. */
  static Answer ask(int port, Offer offer) throws IOException {
    return ask(port, hello(offer));
  }

  /** Sends these bytes, and reads the first record of the answer. */
  static Answer ask(int port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.getOutputStream().write(bytes);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      int type = in.readUnsignedByte();
      int _ = in.readUnsignedShort();
      byte[] body = new byte[in.readUnsignedShort()];
      in.readFully(body);
      return switch (type) {
        case ALERT -> new Answer.Alert(body[1]);
        case HANDSHAKE -> serverHello(ByteBuffer.wrap(body));
        default -> throw new IOException("a record of type " + type);
      };
    } catch (EOFException | SocketException hungUp) {
      return new Answer.Closed();
    }
  }

  private static Answer.Hello serverHello(ByteBuffer hello) {
    hello.position(4); // type and length
    int version = hello.getShort() & 0xffff;
    hello.position(hello.position() + 32);
    hello.position(hello.position() + 1 + hello.get(hello.position()));
    int cipher = hello.getShort() & 0xffff;
    hello.get(); // compression
    int group = 0;
    int end = (hello.getShort() & 0xffff) + hello.position();
    while (hello.position() < end) {
      int kind = hello.getShort() & 0xffff;
      int length = hello.getShort() & 0xffff;
      int next = hello.position() + length;
      if (kind == 43) {
        version = hello.getShort() & 0xffff;
      } else if (kind == 51) {
        group = hello.getShort() & 0xffff;
      }
      hello.position(next);
    }
    return new Answer.Hello(version, cipher, group);
  }

  private static byte[] hello(Offer offer) throws IOException {
    byte[] random = new byte[32];
    new SplittableRandom(8446).nextBytes(random);
    var body = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(body);
    out.writeShort(offer.version());
    out.write(random);
    out.writeByte(32);
    out.write(random); // the session id of the compatibility mode
    numbers(out, 2, offer.ciphers());
    out.write(new byte[] {1, 0}); // no compression
    if (offer.version() > 0x0300) {
      byte[] extensions = extensions(offer);
      out.writeShort(extensions.length);
      out.write(extensions);
    }
    ByteBuffer record = ByteBuffer.allocate(9 + body.size());
    record.put((byte) HANDSHAKE).putShort((short) Math.min(0x0301, offer.version()));
    record.putShort((short) (4 + body.size()));
    record.put((byte) 1).put((byte) 0).putShort((short) body.size()).put(body.toByteArray());
    return record.array();
  }

  private static byte[] extensions(Offer offer) throws IOException {
    var bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    if (!offer.versions().isEmpty()) {
      extension(out, 43, list(1, offer.versions()));
      extension(out, 51, new byte[2]); // no key share
    }
    extension(out, 10, list(2, offer.groups()));
    // ecdsa_secp256r1_sha256, ecdsa_secp384r1_sha384, rsa_pss_rsae_sha256, rsa_pkcs1_sha256
    extension(out, 13, list(2, List.of(0x0403, 0x0503, 0x0804, 0x0401)));
    extension(out, 16, new byte[] {0, 3, 2, 'h', '2'});
    return bytes.toByteArray();
  }

  private static void extension(DataOutputStream out, int kind, byte[] content) throws IOException {
    out.writeShort(kind);
    out.writeShort(content.length);
    out.write(content);
  }

  private static byte[] list(int lengthBytes, List<Integer> values) throws IOException {
    var bytes = new ByteArrayOutputStream();
    numbers(new DataOutputStream(bytes), lengthBytes, values);
    return bytes.toByteArray();
  }

  private static void numbers(DataOutputStream out, int lengthBytes, List<Integer> values)
      throws IOException {
    if (lengthBytes == 1) {
      out.writeByte(2 * values.size());
    } else {
      out.writeShort(2 * values.size());
    }
    for (int value : values) {
      out.writeShort(value);
    }
  }
}
