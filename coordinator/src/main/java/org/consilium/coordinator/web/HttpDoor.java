package org.consilium.coordinator.web;

import io.micronaut.context.event.BeanCreatedEvent;
import io.micronaut.context.event.BeanCreatedEventListener;
import io.micronaut.http.netty.channel.ChannelPipelineCustomizer;
import io.micronaut.http.server.netty.NettyServerCustomizer;
import io.netty.channel.Channel;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * Limits the connections to the HTTP port, so that whoever holds many open takes no file
 * descriptors from the sites' port and the journal.
 */
@Singleton
final class HttpDoor implements BeanCreatedEventListener<NettyServerCustomizer.Registry> {
  /** Connections of one address. */
  static final int ADDRESS_MAX = 256;

  /** Connections of all. */
  static final int TOTAL_MAX = 512;

  private final Map<InetAddress, Integer> open = new HashMap<>();
  private int total;

  @Override
  public NettyServerCustomizer.Registry onCreated(
      BeanCreatedEvent<NettyServerCustomizer.Registry> event) {
    event
        .getBean()
        .register(
            new NettyServerCustomizer() {
              @Override
              public NettyServerCustomizer specializeForChannel(Channel peer, ChannelRole role) {
                return role == ChannelRole.CONNECTION ? new Connection(peer) : this;
              }
            });
    return event.getBean();
  }

  /** What is done for one connection. */
  private final class Connection implements NettyServerCustomizer {
    private final Channel peer;

    Connection(Channel peer) {
      this.peer = peer;
    }

    @Override
    public void onInitialPipelineBuilt() {
      if (!(peer.remoteAddress() instanceof InetSocketAddress address)
          || !enter(address.getAddress())) {
        var _ = peer.close();
        return;
      }
      var _ = peer.closeFuture().addListener(_ -> leave(address.getAddress()));
      var _ =
          peer.pipeline()
              .addAfter(
                  ChannelPipelineCustomizer.HANDLER_HTTP_SERVER_CODEC,
                  "request-deadline",
                  new RequestDeadline());
    }
  }

  /** Counts a connection; false if it is beyond a limit. */
  private synchronized boolean enter(InetAddress address) {
    int now = open.getOrDefault(address, 0);
    if (now >= ADDRESS_MAX || total >= TOTAL_MAX) {
      return false;
    }
    open.put(address, now + 1);
    total++;
    return true;
  }

  private synchronized void leave(InetAddress address) {
    int rest = open.getOrDefault(address, 1) - 1;
    if (rest == 0) {
      open.remove(address);
    } else {
      open.put(address, rest);
    }
    total--;
  }
}
