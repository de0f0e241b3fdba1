package org.consilium.coordinator.authority;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.util.AdvancedTlsX509KeyManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.consortium.Authority;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipEvent;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.proto.v1.AuthorityGrpc;
import org.consilium.proto.v1.CertifyReply;
import org.consilium.proto.v1.CertifyRequest;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.ListMotionsRequest;
import org.consilium.proto.v1.ListRevokedRequest;
import org.consilium.proto.v1.RenewSiteRequest;
import org.consilium.proto.v1.ReplicateReply;
import org.consilium.proto.v1.ReplicateRequest;
import org.consilium.proto.v1.ShutOutRequest;
import org.consilium.proto.v1.SignedMotion;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.roster.RosterRefused;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.witness.Attribution;

/** The issuing authority over mutual TLS. Safe for use by many threads. */
public final class AuthorityClient implements Authority, AutoCloseable {
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final Duration LIST_ANSWER = Duration.ofSeconds(3);
  private static final int MESSAGE_BYTES_MAX = 4 << 20;

  private final X509Certificate root;
  private final X509Certificate issuing;
  private final String trustDomain;
  private final AdvancedTlsX509KeyManager key;
  private final ManagedChannel channel;

  private AuthorityClient(
      Credential relay, String trustDomain, AdvancedTlsX509KeyManager key, ManagedChannel channel) {
    this.root = relay.chain().getLast();
    this.issuing = relay.chain().get(1);
    this.trustDomain = trustDomain;
    this.key = key;
    this.channel = channel;
  }

  /**
   * Makes ready to connect; nothing is sent yet.
   *
   * @param where its name is looked up at each connection
   * @param relay the coordinator's certificate towards the authority; its chain ends in the root
   */
  public static AuthorityClient open(InetSocketAddress where, Credential relay) throws IOException {
    X509Certificate root = relay.chain().getLast();
    String trustDomain = CertificateAuthority.trustDomainOf(root);
    AdvancedTlsX509KeyManager key = new AdvancedTlsX509KeyManager();
    use(key, relay);
    SslContextBuilder ssl =
        SslContextBuilder.forClient()
            .keyManager(key)
            .trustManager(PeerTrust.forAuthority(root, trustDomain));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(where.getHostString(), where.getPort())
            .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
            .maxInboundMessageSize(MESSAGE_BYTES_MAX)
            .build();
    return new AuthorityClient(relay, trustDomain, key, channel);
  }

  private static void use(AdvancedTlsX509KeyManager key, Credential relay) {
    key.updateIdentityCredentials(
        relay.chain().toArray(new X509Certificate[0]), relay.privateKey());
  }

  /** Shows another certificate at each later connection. */
  public void renew(Credential relay) {
    use(key, relay);
  }

  @Override
  public X509Certificate issuing() {
    return issuing;
  }

  @Override
  public X509Certificate root() {
    return root;
  }

  @Override
  public String trustDomain() {
    return trustDomain;
  }

  private interface Call<T> {
    T on(AuthorityGrpc.AuthorityBlockingV2Stub stub) throws StatusException;
  }

  @Override
  public List<X509Certificate> certify(byte[] pkcs10, Leaf.Terms terms, String study)
      throws MembershipRefused, IOException {
    CertifyRequest.Builder request =
        CertifyRequest.newBuilder()
            .setProfile(
                switch (terms.leaf()) {
                  case COORDINATOR_TLS -> CertifyRequest.Profile.COORDINATOR_TLS;
                  case COORDINATOR_SIGNING -> CertifyRequest.Profile.COORDINATOR_SIGNING;
                  case COORDINATOR_RELAY -> CertifyRequest.Profile.COORDINATOR_RELAY;
                  case AGGREGATION -> CertifyRequest.Profile.AGGREGATION;
                  case SITE_TLS, SITE_SIGNING, AUTHORITY_TLS, AUTHORITY_SIGNING ->
                      throw new IllegalArgumentException("a relay gets no " + terms.leaf());
                })
            .setRequest(ByteString.copyFrom(pkcs10))
            .addAllHosts(terms.hosts())
            .setStudy(study);
    terms.sealingKey().ifPresent(k -> request.setSealingKey(ByteString.copyFrom(k.bytes())));
    return chain(ask("certify", stub -> stub.certify(request.build())));
  }

  @Override
  public Fingerprint enrol(SiteId site, byte[] secret, KeyRequests requests, byte[] binding)
      throws MembershipRefused, IOException {
    EnrolRequest request =
        EnrolRequest.newBuilder()
            .setSite(site.value())
            .setToken(ByteString.copyFrom(secret))
            .setTlsRequest(ByteString.copyFrom(requests.tls()))
            .setSigningRequest(ByteString.copyFrom(requests.signing()))
            .setSoftwareVersion(requests.softwareVersion())
            .setBinding(ByteString.copyFrom(binding))
            .build();
    return new Fingerprint(ask("enrol", stub -> stub.enrol(request)).getKeyDigest().toByteArray());
  }

  @Override
  public List<X509Certificate> issueTls(SiteId site, byte[] pkcs10)
      throws MembershipRefused, IOException {
    RenewSiteRequest request =
        RenewSiteRequest.newBuilder()
            .setSite(site.value())
            .setTlsRequest(ByteString.copyFrom(pkcs10))
            .build();
    return chain(ask("renew", stub -> stub.renewSite(request)));
  }

  @Override
  public MotionStanding submit(Ballot ballot) throws MembershipRefused, IOException {
    SignedMotion request =
        SignedMotion.newBuilder()
            .setMotion(ByteString.copyFrom(ballot.motion().encoded()))
            .setPerson(ballot.person())
            .setSignature(ByteString.copyFrom(ballot.signature()))
            .build();
    return standing(ask("submit", stub -> stub.submit(request)));
  }

  @Override
  public List<MotionStanding> motions() throws IOException {
    List<MotionStanding> found = new ArrayList<>();
    for (var one :
        plainly("list motions", stub -> stub.listMotions(ListMotionsRequest.getDefaultInstance()))
            .getMotionsList()) {
      found.add(standing(one));
    }
    return found;
  }

  @Override
  public void shutOut(SiteId site, String reason) throws MembershipRefused, IOException {
    ShutOutRequest request =
        ShutOutRequest.newBuilder().setSite(site.value()).setReason(reason).build();
    var _ = ask("shut out", stub -> stub.shutOut(request));
  }

  @Override
  public byte[] revocationList(List<Revoked> also) throws MembershipRefused, IOException {
    ListRevokedRequest.Builder request = ListRevokedRequest.newBuilder();
    for (Revoked one : also) {
      var _ =
          request.addAlso(
              ListRevokedRequest.Certificate.newBuilder()
                  .setSerial(ByteString.copyFrom(one.serial().toByteArray()))
                  .setSinceMillis(one.since().toEpochMilli()));
    }
    // Handshakes wait for it, and they have ten seconds.
    return ask(
            "list revoked",
            stub ->
                stub.withDeadlineAfter(LIST_ANSWER.toMillis(), TimeUnit.MILLISECONDS)
                    .listRevoked(request.build()))
        .getList()
        .toByteArray();
  }

  @Override
  public List<JournalEntry> replicate(long after) throws IOException {
    ReplicateRequest request = ReplicateRequest.newBuilder().setAfter(after).build();
    return plainly("replicate", stub -> stub.replicate(request)).getEntriesList().stream()
        .map(AuthorityClient::entry)
        .toList();
  }

  @Override
  public RosterProof roster() throws IOException {
    var proof = plainly("roster", stub -> stub.getRoster(GetRosterRequest.getDefaultInstance()));
    return new RosterProof(
        proof.getDecisionsList().stream().map(ByteString::toByteArray).toList(),
        proof.getHead().toByteArray(),
        proof.getHeadSignature().toByteArray(),
        proof.getHeadChainList().stream().map(ByteString::toByteArray).toList());
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private static JournalEntry entry(ReplicateReply.Entry entry) {
    return new JournalEntry(
        entry.getSequence(),
        Instant.EPOCH.plus(entry.getTimeMicros(), ChronoUnit.MICROS),
        new JournalEntry.Event(
            MembershipEvent.STREAM,
            entry.getType(),
            entry.getKey(),
            entry.getBody().toByteArray(),
            Attribution.of(entry.getActor(), entry.getRole())));
  }

  private static MotionStanding standing(org.consilium.proto.v1.MotionStanding said)
      throws IOException {
    try {
      return new MotionStanding(
          Motion.decode(said.getMotion().toByteArray()), said.getSignersList(), said.getCarried());
    } catch (RosterRefused malformed) {
      throw new IOException("the authority's answer: " + malformed.getMessage(), malformed);
    }
  }

  private static List<X509Certificate> chain(CertifyReply reply) throws IOException {
    try {
      return ChainCheck.parse(reply.getChainList().stream().map(ByteString::toByteArray).toList());
    } catch (ChainRefused malformed) {
      throw new IOException("the authority's answer: " + malformed.getMessage(), malformed);
    }
  }

  private <T> T ask(String step, Call<T> call) throws MembershipRefused, IOException {
    try {
      return call.on(
          AuthorityGrpc.newBlockingV2Stub(channel)
              .withDeadlineAfter(ANSWER.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusException | StatusRuntimeException failed) {
      throw refused(step, Status.fromThrowable(failed));
    }
  }

  private <T> T plainly(String step, Call<T> call) throws IOException {
    try {
      return ask(step, call);
    } catch (MembershipRefused refused) {
      throw new IOException(
          "%s of the authority: %s".formatted(step, refused.getMessage()), refused);
    }
  }

  /** Statuses of the authority begin with the reason's name. */
  private MembershipRefused refused(String step, Status status) throws IOException {
    String said = status.getDescription() == null ? "" : status.getDescription();
    int colon = said.indexOf(": ");
    for (Why why : Why.values()) {
      if (colon > 0 && said.substring(0, colon).equals(why.name())) {
        return new MembershipRefused(why, said.substring(colon + 2));
      }
    }
    channel.resetConnectBackoff(); // it may be back long before the next try of its own
    throw new AuthorityUnreachable(
        "%s: the issuing authority does not answer: %s %s".formatted(step, status.getCode(), said),
        status.asException());
  }
}
