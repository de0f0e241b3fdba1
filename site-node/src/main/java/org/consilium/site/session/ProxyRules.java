package org.consilium.site.session;

import io.grpc.HttpConnectProxiedSocketAddress;
import io.grpc.ProxiedSocketAddress;
import io.grpc.ProxyDetector;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which connections go through the hospital's HTTP proxy: {@code HTTPS_PROXY} names it, {@code
 * NO_PROXY} lists hosts, suffixes such as {@code .example.org}, and {@code *}. The tunnel is opened
 * by CONNECT, so that mutual TLS runs end to end.
 */
public final class ProxyRules implements ProxyDetector {
  private static final int DEFAULT_PORT = 3128;

  private final Optional<URI> proxy;
  private final List<String> direct;

  private ProxyRules(Optional<URI> proxy, List<String> direct) {
    this.proxy = proxy;
    this.direct = direct;
  }

  /** From environment variables, upper or lower case. */
  public static ProxyRules of(Map<String, String> environment) {
    String address = either(environment, "HTTPS_PROXY");
    String except = either(environment, "NO_PROXY");
    Optional<URI> proxy =
        address.isBlank()
            ? Optional.empty()
            : Optional.of(URI.create(address.contains("://") ? address : "http://" + address));
    if (proxy.isPresent() && proxy.get().getHost() == null) {
      throw new IllegalArgumentException("HTTPS_PROXY must be http://host:port");
    }
    List<String> direct =
        Arrays.stream(except.split(","))
            .map(rule -> rule.strip().toLowerCase(Locale.ROOT))
            .filter(rule -> !rule.isEmpty())
            .toList();
    return new ProxyRules(proxy, direct);
  }

  /** Whether connections to {@code host} go through the proxy. */
  public boolean applies(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    boolean local = name.equals("localhost") || name.startsWith("127.") || name.equals("::1");
    return proxy.isPresent()
        && !local
        && direct.stream()
            .noneMatch(
                rule ->
                    rule.equals("*")
                        || name.equals(rule.startsWith(".") ? rule.substring(1) : rule)
                        || name.endsWith(rule.startsWith(".") ? rule : "." + rule));
  }

  @Override
  public @Nullable ProxiedSocketAddress proxyFor(SocketAddress target) {
    if (!(target instanceof InetSocketAddress address)
        || proxy.isEmpty()
        || !applies(address.getHostString())) {
      return null;
    }
    URI via = proxy.get();
    int port = via.getPort() > 0 ? via.getPort() : DEFAULT_PORT;
    var builder =
        HttpConnectProxiedSocketAddress.newBuilder()
            .setTargetAddress(address)
            .setProxyAddress(new InetSocketAddress(via.getHost(), port));
    String login = via.getRawUserInfo();
    if (login != null) {
      int colon = login.indexOf(':');
      String user = colon < 0 ? login : login.substring(0, colon);
      builder.setUsername(URLDecoder.decode(user, StandardCharsets.UTF_8));
      if (colon >= 0) {
        builder.setPassword(URLDecoder.decode(login.substring(colon + 1), StandardCharsets.UTF_8));
      }
    }
    return builder.build();
  }

  private static String either(Map<String, String> environment, String name) {
    return environment.getOrDefault(
        name, environment.getOrDefault(name.toLowerCase(Locale.ROOT), ""));
  }
}
