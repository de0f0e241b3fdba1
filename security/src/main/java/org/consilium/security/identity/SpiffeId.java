package org.consilium.security.identity;

import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a member of the consortium, {@code spiffe://<trust domain>/<path>}. Only the shapes
 * of {@link Kind} exist; letters are lowercase ASCII, so a name has one spelling.
 *
 * @param trustDomain host-name syntax, the last label begins with a letter
 * @param path without the leading slash
 */
public record SpiffeId(String trustDomain, String path) {
  private static final String SCHEME = "spiffe://";
  private static final int LENGTH_MAX = 512;
  private static final int URI_NAME = 6; // GeneralName choice uniformResourceIdentifier, RFC 5280
  private static final Pattern TRUST_DOMAIN =
      Pattern.compile("([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*[a-z]([a-z0-9-]*[a-z0-9])?");
  private static final String SEGMENT = "[a-z0-9][a-z0-9_-]*(\\.[a-z0-9_-]+)*";

  /** What a name stands for; decided by the shape of its path. */
  public enum Kind {
    /** A site's node, {@code site/<site>/node/<n>}: TLS client. */
    SITE_NODE("site/(" + SEGMENT + ")/node/[1-9][0-9]{0,5}"),
    /** A site's message signing key, {@code site/<site>/sign}. */
    SITE_SIGNING("site/(" + SEGMENT + ")/sign"),
    /** The coordinator's TLS server, {@code coordinator/<id>}. */
    COORDINATOR("coordinator/" + SEGMENT),
    /** The coordinator's message signing key, {@code coordinator/<id>/sign}. */
    COORDINATOR_SIGNING("coordinator/" + SEGMENT + "/sign"),
    /** The coordinator as the client of the authority, {@code coordinator/<id>/relay}. */
    COORDINATOR_RELAY("coordinator/" + SEGMENT + "/relay"),
    /** The issuing authority's TLS server, {@code authority/<id>}. */
    AUTHORITY("authority/" + SEGMENT),
    /** The issuing authority's message signing key, {@code authority/<id>/sign}. */
    AUTHORITY_SIGNING("authority/" + SEGMENT + "/sign"),
    /** The aggregation key of one study, {@code aggregator/<study>}. */
    AGGREGATOR("aggregator/" + SEGMENT);

    private final Pattern shape;

    Kind(String shape) {
      this.shape = Pattern.compile(shape);
    }
  }

  /** Refuses what is not one of the known shapes. */
  public SpiffeId {
    checkTrustDomain(trustDomain);
    if (path.length() > LENGTH_MAX || kindOf(path).isEmpty()) {
      throw new IllegalArgumentException("not a consortium name: path " + printable(path));
    }
  }

  /** Reads {@code spiffe://…}; throws {@link IllegalArgumentException} for anything else. */
  public static SpiffeId parse(String text) {
    int slash = text.startsWith(SCHEME) ? text.indexOf('/', SCHEME.length()) : -1;
    if (slash < 0 || text.length() > LENGTH_MAX) {
      throw new IllegalArgumentException("not a spiffe name: " + printable(text));
    }
    return new SpiffeId(text.substring(SCHEME.length(), slash), text.substring(slash + 1));
  }

  /**
   * The one identity a certificate carries. The common name is never looked at.
   *
   * @throws CertificateException unless there is exactly one URI name and it is a legal spiffe name
   */
  public static SpiffeId of(X509Certificate certificate) throws CertificateException {
    List<String> names = uris(certificate);
    if (names.size() != 1) {
      throw new CertificateException(
          "certificate identity: %d URI names, exactly 1 is required".formatted(names.size()));
    }
    try {
      return parse(names.getFirst());
    } catch (IllegalArgumentException notSpiffe) {
      throw new CertificateException("certificate identity: " + notSpiffe.getMessage(), notSpiffe);
    }
  }

  /** The first node of a site. */
  public static SpiffeId site(String trustDomain, String site) {
    return new SpiffeId(trustDomain, "site/" + site + "/node/1");
  }

  /** The signing key of a site. */
  public static SpiffeId siteSigning(String trustDomain, String site) {
    return new SpiffeId(trustDomain, "site/" + site + "/sign");
  }

  /** The coordinator's TLS name. */
  public static SpiffeId coordinator(String trustDomain, String id) {
    return new SpiffeId(trustDomain, "coordinator/" + id);
  }

  /** The coordinator's signing key. */
  public static SpiffeId coordinatorSigning(String trustDomain, String id) {
    return new SpiffeId(trustDomain, "coordinator/" + id + "/sign");
  }

  /** The coordinator's name towards the authority. */
  public static SpiffeId coordinatorRelay(String trustDomain, String id) {
    return new SpiffeId(trustDomain, "coordinator/" + id + "/relay");
  }

  /** The issuing authority's TLS name. */
  public static SpiffeId authority(String trustDomain, String id) {
    return new SpiffeId(trustDomain, "authority/" + id);
  }

  /** The issuing authority's signing key. */
  public static SpiffeId authoritySigning(String trustDomain, String id) {
    return new SpiffeId(trustDomain, "authority/" + id + "/sign");
  }

  /** The aggregation key of a study. */
  public static SpiffeId aggregator(String trustDomain, String study) {
    return new SpiffeId(trustDomain, "aggregator/" + study);
  }

  /** What this name stands for. */
  public Kind kind() {
    return kindOf(path).orElseThrow();
  }

  /** The site, for a site's node or signing key. */
  public Optional<String> siteName() {
    return switch (kind()) {
      case SITE_NODE, SITE_SIGNING -> Optional.of(path.substring(5, path.indexOf('/', 5)));
      case COORDINATOR,
          COORDINATOR_SIGNING,
          COORDINATOR_RELAY,
          AUTHORITY,
          AUTHORITY_SIGNING,
          AGGREGATOR ->
          Optional.empty();
    };
  }

  /** The URI, as it stands in a certificate. */
  @Override
  public String toString() {
    return SCHEME + trustDomain + "/" + path;
  }

  static void checkTrustDomain(String trustDomain) {
    if (trustDomain.length() > 255 || !TRUST_DOMAIN.matcher(trustDomain).matches()) {
      throw new IllegalArgumentException("not a trust domain: " + printable(trustDomain));
    }
  }

  static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
    List<String> uris = new ArrayList<>();
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names != null) {
      for (List<?> name : names) {
        if (name.get(0) instanceof Integer type
            && type == URI_NAME
            && name.get(1) instanceof String uri) {
          uris.add(uri);
        }
      }
    }
    return uris;
  }

  private static Optional<Kind> kindOf(String path) {
    for (Kind kind : Kind.values()) {
      if (kind.shape.matcher(path).matches()) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  /** At most 80 characters, everything but plain ASCII replaced: safe in a log line. */
  private static String printable(String text) {
    String cut = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return cut.replaceAll("[^\\x21-\\x7e]", "?");
  }
}
