package org.consilium.coordinator.rpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts the connections of each address before a byte of TLS is read, and turns away those beyond
 * the limit. Tells the log of turned away and failed connections, at most one line a minute. Safe
 * for use by many threads.
 */
final class Doorkeeper {
  private static final System.Logger LOG = System.getLogger(Doorkeeper.class.getName());
  private static final int TICKS_A_LINE = 60;

  private final String door;
  private final int addressMax;
  private final Map<InetAddress, Integer> open = new HashMap<>();
  private final Set<SocketAddress> ready = new HashSet<>();
  private int turnedAway;
  private int unfinished;
  private @Nullable InetAddress last;
  private int quietTicks = TICKS_A_LINE;

  /**
   * Keeps one door.
   *
   * @param door its name, for the log
   */
  Doorkeeper(String door, int addressMax) {
    this.door = door;
    this.addressMax = addressMax;
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
          "{0}: {1} connections beyond {2} an address were turned away, {3} ended before TLS and"
              + " HTTP/2 stood; the last from {4}",
          door,
          turnedAway,
          addressMax,
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
    synchronized (this) {
      int now = open.getOrDefault(address.getAddress(), 0);
      if (now >= addressMax) {
        turnedAway++;
        last = address.getAddress();
        return false;
      }
      open.put(address.getAddress(), now + 1);
    }
    var _ = peer.closeFuture().addListener(_ -> leave(address));
    return true;
  }

  private synchronized void ready(SocketAddress peer) {
    ready.add(peer);
  }

  private synchronized void leave(InetSocketAddress peer) {
    var _ = open.computeIfPresent(peer.getAddress(), (_, now) -> now > 1 ? now - 1 : null);
    if (!ready.remove(peer)) {
      unfinished++;
      last = peer.getAddress();
    }
  }
}
