package org.consilium.coordinator.rpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts the connections of each address, and those of the whole door, before a byte of TLS is
 * read, and turns away what is beyond a limit. Tells the log of turned away and failed connections,
 * at most one line a minute. Safe for use by many threads.
 */
final class Doorkeeper {
  private static final System.Logger LOG = System.getLogger(Doorkeeper.class.getName());
  private static final int TICKS_A_LINE = 60;

  /** Of an IPv6 address: whoever has one has at least the network of 64 bits that it is in. */
  private static final int NETWORK_BYTES = 8;

  private final String door;
  private final int addressMax;
  private final int totalMax;
  private final Map<ByteBuffer, Integer> open = new HashMap<>();
  private final Set<SocketAddress> ready = new HashSet<>();
  private int total;
  private int turnedAway;
  private int unfinished;
  private @Nullable InetAddress last;
  private int quietTicks = TICKS_A_LINE;

  /**
   * Keeps one door.
   *
   * @param door its name, for the log
   * @param addressMax connections of one address, or of one network of IPv6
   * @param totalMax connections of all
   */
  Doorkeeper(String door, int addressMax, int totalMax) {
    this.door = door;
    this.addressMax = addressMax;
    this.totalMax = totalMax;
  }

  /**
   * A listening channel that asks this doorkeeper about every connection; calls that are answered
   * early are ended on those that it lets in.
   */
  NioServerSocketChannel channel() {
    return new NioServerSocketChannel() {
      @Override
      protected int doReadMessages(List<Object> accepted) throws Exception {
        int count = super.doReadMessages(accepted);
        if (count > 0 && accepted.getLast() instanceof Channel peer) {
          if (!admit(peer)) {
            accepted.removeLast();
            peer.unsafe().closeForcibly();
            return 0;
          }
          var _ = peer.pipeline().addLast(new EarlyAnswers());
        }
        return count;
      }
    };
  }

  /** Learns which connections got as far as a call. */
  ServerTransportFilter filter() {
    return new ServerTransportFilter() {
      @Override
      public Attributes transportReady(Attributes attributes) {
        SocketAddress peer = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        if (peer != null) {
          ready(peer);
        }
        return attributes;
      }
    };
  }

  /** To be called once a second. */
  synchronized void tick() {
    quietTicks = Math.min(TICKS_A_LINE, quietTicks + 1);
    if (quietTicks == TICKS_A_LINE && turnedAway + unfinished > 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: {1} connections beyond {2} an address or {3} in all were turned away, {4} ended"
              + " before TLS and HTTP/2 stood; the last from {5}",
          door,
          turnedAway,
          addressMax,
          totalMax,
          unfinished,
          last == null ? "-" : last.getHostAddress());
      turnedAway = 0;
      unfinished = 0;
      quietTicks = 0;
    }
  }

  private boolean admit(Channel peer) {
    if (!(peer.remoteAddress() instanceof InetSocketAddress address)) {
      return false; // gone already
    }
    if (!enter(address)) {
      return false;
    }
    var _ = peer.closeFuture().addListener(_ -> leave(address));
    return true;
  }

  /** Counts a connection; false if it is beyond a limit. */
  synchronized boolean enter(InetSocketAddress peer) {
    ByteBuffer network = network(peer.getAddress());
    int now = open.getOrDefault(network, 0);
    if (now >= addressMax || total >= totalMax) {
      turnedAway++;
      last = peer.getAddress();
      return false;
    }
    open.put(network, now + 1);
    total++;
    return true;
  }

  private synchronized void ready(SocketAddress peer) {
    ready.add(peer);
  }

  /** A connection that was counted is closed. */
  synchronized void leave(InetSocketAddress peer) {
    var _ = open.computeIfPresent(network(peer.getAddress()), (_, now) -> now > 1 ? now - 1 : null);
    total--;
    if (!ready.remove(peer)) {
      unfinished++;
      last = peer.getAddress();
    }
  }

  private static ByteBuffer network(InetAddress address) {
    byte[] bytes = address.getAddress();
    return ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, NETWORK_BYTES));
  }
}
