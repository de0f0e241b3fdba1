package org.consilium.site.session;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.ProxiedSocketAddress;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.consilium.site.session.CoordinatorLink.Endpoint;

/**
 * The addresses of a coordinator of which one machine at a time serves: a connection goes to the
 * first that answers. Who the peer is, its certificate says, not its address.
 */
final class SeveralAddresses extends NameResolver.Factory {
  private final List<Endpoint> endpoints;
  private final ProxyRules proxies;

  SeveralAddresses(List<Endpoint> endpoints, ProxyRules proxies) {
    this.endpoints = List.copyOf(endpoints);
    this.proxies = proxies;
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
    return new Resolver();
  }

  @Override
  public String getDefaultScheme() {
    return "coordinators";
  }

  /** Looks every name up, on a thread of its own. */
  private final class Resolver extends NameResolver {
    private volatile Listener2 listener =
        new Listener2() {
          @Override
          public void onResult(ResolutionResult result) {}

          @Override
          public void onError(Status error) {}
        };

    @Override
    public String getServiceAuthority() {
      return endpoints.getFirst().host();
    }

    @Override
    public void start(Listener2 told) {
      listener = told;
      refresh();
    }

    @Override
    public void refresh() {
      var _ = Thread.ofVirtual().name("resolve").start(this::resolve);
    }

    private void resolve() {
      List<EquivalentAddressGroup> found = new ArrayList<>();
      String unknown = "";
      for (Endpoint endpoint : endpoints) {
        try {
          found.addAll(addresses(endpoint));
        } catch (UnknownHostException absent) {
          unknown = "no address is known for " + endpoint.host();
        } catch (RuntimeException broken) {
          unknown = String.valueOf(broken.getMessage());
        }
      }
      if (found.isEmpty()) {
        listener.onError(Status.UNAVAILABLE.withDescription(unknown));
      } else {
        listener.onResult(
            ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromValue(List.copyOf(found)))
                .build());
      }
    }

    private List<EquivalentAddressGroup> addresses(Endpoint endpoint) throws UnknownHostException {
      InetSocketAddress named =
          InetSocketAddress.createUnresolved(endpoint.host(), endpoint.port());
      ProxiedSocketAddress proxied = proxies.proxyFor(named);
      if (proxied != null) {
        return List.of(new EquivalentAddressGroup(proxied));
      }
      List<EquivalentAddressGroup> groups = new ArrayList<>();
      for (InetAddress address : InetAddress.getAllByName(endpoint.host())) {
        groups.add(new EquivalentAddressGroup(new InetSocketAddress(address, endpoint.port())));
      }
      return groups;
    }

    @Override
    public void shutdown() {
      // nothing is held
    }
  }
}
