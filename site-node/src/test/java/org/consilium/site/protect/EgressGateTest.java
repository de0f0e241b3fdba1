package org.consilium.site.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.StudyDecision;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressBlocked.Step;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EgressGateTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
  private static final StudyId STUDY = new StudyId("mri-demo");
  private static final Digest DIGEST = Digest.sha256(new byte[] {1});

  @TempDir Path folder;

  private EgressLedger ledger;
  private Optional<Judgement.Refused> refusal = Optional.empty();
  private String mode = "sealed";

  @BeforeEach
  void open() throws IOException {
    ledger = EgressLedger.open(folder.resolve("ledger.jsonl"), CLOCK, _ -> {});
  }

  @AfterEach
  void close() throws IOException {
    ledger.close();
  }

  @Test
  void badInput_57_undeclaredKindOrTooLarge_isBlockedAndRecorded() throws IOException {
    EgressGate gate = gate(Canaries.none());

    EgressBlocked undeclared = gate.undeclared("consilium.v1.Other/Gossip", new byte[] {1, 2, 3});
    EgressBlocked large =
        held(
            () ->
                gate.pass(Outgoing.of(Kind.KEYS, STUDY, 1, true, keys(Kind.KEYS.bytesMax() - 10))));

    assertThat(undeclared.step()).isEqualTo(Step.KIND);
    assertThat(large.step()).isEqualTo(Step.SIZE);
    List<LedgerLine> lines = lines();
    assertThat(lines).extracting(LedgerLine::kind).containsExactly("blocked", "blocked");
    assertThat(lines).extracting(l -> l.text("rule")).containsExactly("kind", "size");
    assertThat(lines.getFirst().text("attempted")).contains("consilium.v1.Other/Gossip");
    assertThat(lines).allMatch(l -> l.bytes() == 0);
    assertThat(LedgerFile.verify(folder.resolve("ledger.jsonl")).intact()).isTrue();
  }

  @Test
  void badInput_57_fieldThatIsNotDeclared_isBlocked() throws IOException {
    byte[] ping = ping();
    byte[] more = java.util.Arrays.copyOf(ping, ping.length + 6);
    // Field 15 of length 4: somebody added a text to the message.
    byte[] added = {(byte) 0x7a, 4, 'D', 'o', 'e', 'J'};
    System.arraycopy(added, 0, more, ping.length, added.length);
    EgressGate gate = gate(Canaries.none());

    gate.pass(Outgoing.plain(Kind.HEARTBEATS, ping));
    EgressBlocked held = held(() -> gate.pass(Outgoing.plain(Kind.HEARTBEATS, more)));

    assertThat(held.step()).isEqualTo(Step.SCHEMA);
    assertThat(held).hasMessageContaining("field 15");
    assertThat(lines()).extracting(LedgerLine::kind).containsExactly("blocked");
  }

  @Test
  void badInput_55_countBelowTheCell_isBlockedWhateverMadeIt() {
    EgressGate gate = gate(Canaries.none());

    gate.pass(decision(0));
    for (int few = 1; few <= 10; few++) {
      int n = few;
      assertThat(held(() -> gate.pass(decision(n))).step()).as("%d", n).isEqualTo(Step.SMALL_CELL);
    }
    gate.pass(decision(11));
  }

  @Test
  void badInput_56_plantedWordInAMessage_isBlockedAndNotRepeated() throws IOException {
    Path words = folder.resolve("canaries.txt");
    Files.writeString(words, "# planted\nSmith-Q7714\n");
    EgressGate gate = gate(Canaries.of(words));
    StudyId named = new StudyId("study-of-smith-q7714");

    EgressBlocked held =
        held(() -> gate.pass(Outgoing.of(Kind.DECISION, named, 0, true, decided(named, 20))));

    assertThat(held.step()).isEqualTo(Step.CANARY);
    assertThat(held.getMessage()).doesNotContainIgnoringCase("q7714");
    assertThat(held.why()).isEqualTo(Why.EGRESS_BLOCKED);
  }

  @Test
  void pass_paused_holdsEverythingAndWritesNothing() throws IOException {
    EgressGate gate = gate(Canaries.none());
    Files.createFile(folder.resolve("paused"));

    assertThat(held(() -> gate.pass(Outgoing.plain(Kind.HEARTBEATS, ping()))).why())
        .isEqualTo(Why.PAUSED);
    Files.delete(folder.resolve("paused"));
    gate.pass(Outgoing.plain(Kind.HEARTBEATS, ping()));
    gate.summarise();

    assertThat(lines()).extracting(LedgerLine::kind).containsExactly("heartbeats");
  }

  @Test
  void pass_consentWithdrawn_holdsWhatNeedsItAndLetsTheRefusalOut() {
    EgressGate gate = gate(Canaries.none());
    refusal = Optional.of(new Judgement.Refused(Why.NOT_APPROVED, "denied"));

    assertThat(held(() -> gate.pass(decision(20))).why()).isEqualTo(Why.NOT_APPROVED);
    gate.pass(Outgoing.of(Kind.DECISION, STUDY, 0, false, decided(STUDY, 0)));
  }

  @Test
  void pass_chunkWithoutItsLine_isHeldAndWithItPassesOnce() throws IOException {
    EgressGate gate = gate(Canaries.none());

    assertThat(held(() -> gate.pass(chunk())).step()).isEqualTo(Step.ANNOUNCEMENT);
    gate.announce(announcement(Kind.UPDATE), STUDY);
    gate.pass(chunk());
    assertThat(held(() -> gate.pass(chunk())).step()).isEqualTo(Step.ANNOUNCEMENT);
  }

  @Test
  void announce_sealedUpdateOfAMaskedStudy_isHeld() {
    EgressGate gate = gate(Canaries.none());
    mode = "masked";

    assertThatThrownBy(() -> gate.announce(announcement(Kind.UPDATE), STUDY))
        .isInstanceOfSatisfying(
            EgressBlocked.class, b -> assertThat(b.why()).isEqualTo(Why.MODE_REFUSED));
  }

  @Test
  void pass_moreThanAMinuteAllows_isHeld() {
    EgressGate gate = gate(Canaries.none());
    for (int i = 0; i < Kind.DECISION.minuteMax(); i++) {
      gate.pass(Outgoing.of(Kind.DECISION, STUDY, 0, false, decided(STUDY, 0)));
    }

    assertThat(held(() -> gate.pass(decision(20))).step()).isEqualTo(Step.RATE);
  }

  @Test
  void pass_auditStateAsItWasSigned_leavesAndIsCounted_withMoreIsHeld() throws IOException {
    EgressGate gate = gate(Canaries.none());

    gate.pass(Outgoing.plain(Kind.AUDIT_STATE, auditState(4)));
    EgressBlocked held = held(() -> gate.pass(Outgoing.plain(Kind.AUDIT_STATE, auditState(5))));
    gate.summarise();

    assertThat(held.step()).isEqualTo(Step.SCHEMA);
    assertThat(lines()).extracting(LedgerLine::kind).containsExactly("blocked", "heartbeats");
  }

  @Test
  void schemas_everyKind_hasOne() {
    for (Kind kind : Kind.values()) {
      assertThat(Schemas.of(kind)).as(kind.word()).isNotNull();
      assertThat(kind.bytesMax()).as(kind.word()).isPositive();
    }
  }

  private EgressGate gate(Canaries canaries) {
    return new EgressGate(
        ledger,
        new EgressGate.Checks(
            () -> Files.exists(folder.resolve("paused")),
            _ -> new EgressGate.Standing(refusal, kindMode(), 11),
            EgressGate.Budget.NOTHING_SPENT,
            canaries),
        CLOCK,
        _ -> {});
  }

  /** Masked kinds are tried in a masked study. */
  private String kindMode() {
    return mode;
  }

  private List<LedgerLine> lines() throws IOException {
    return LedgerFile.read(folder.resolve("ledger.jsonl"));
  }

  private static EgressBlocked held(org.assertj.core.api.ThrowableAssert.ThrowingCallable act) {
    EgressBlocked held = catchThrowableOfType(EgressBlocked.class, act);
    assertThat(held).as("it was to be held").isNotNull();
    return held;
  }

  private static Outgoing decision(int samples) {
    return Outgoing.of(Kind.DECISION, STUDY, 0, true, decided(STUDY, samples));
  }

  private static byte[] decided(StudyId study, int samples) {
    return SiteMessage.newBuilder()
        .setDecision(
            StudyDecision.newBuilder()
                .setStudy(study.value())
                .setStudyDigest(ByteString.copyFrom(DIGEST.bytes()))
                .setAccepted(true)
                .setSamples(samples))
        .build()
        .toByteArray();
  }

  private static byte[] ping() {
    return SiteMessage.newBuilder()
        .setPing(Ping.newBuilder().setSequence(7).setSiteTimeMillis(1_780_000_000_000L))
        .build()
        .toByteArray();
  }

  private static byte[] auditState(int certificates) {
    AuditState.Builder state =
        AuditState.newBuilder()
            .setSize(9)
            .setRoot(ByteString.copyFrom(DIGEST.bytes()))
            .setCheckpoint(ByteString.copyFrom(new byte[200]))
            .setSignature(ByteString.copyFrom(new byte[64]));
    for (int i = 0; i < certificates; i++) {
      state.addChain(ByteString.copyFrom(new byte[700]));
    }
    return SiteMessage.newBuilder().setAuditState(state).build().toByteArray();
  }

  private static Outgoing chunk() {
    byte[] bytes =
        UpdateChunk.newBuilder()
            .setUpload(ByteString.copyFrom(DIGEST.bytes()))
            .setIndex(3)
            .setOffset(1 << 20)
            .setData(ByteString.copyFrom("x".repeat(1000).getBytes(StandardCharsets.US_ASCII)))
            .build()
            .toByteArray();
    return new Outgoing(
        Kind.UPDATE, Optional.empty(), 0, false, bytes, DIGEST, "aggregation key holder", 0);
  }

  private static EgressEntry announcement(Kind kind) {
    return new EgressEntry(kind, STUDY.value(), 1, 1000, DIGEST, "aggregation key holder", 1);
  }

  private static byte[] keys(int bodyBytes) {
    return MaskSubmission.newBuilder()
        .setKeys(
            Signed.newBuilder()
                .setBody(ByteString.copyFrom(new byte[bodyBytes]))
                .setSignature(ByteString.copyFrom(new byte[64])))
        .build()
        .toByteArray();
  }
}
