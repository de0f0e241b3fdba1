package org.consilium.security.roster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.security.roster.RosterRefused.Why;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RosterTest {
  private static final Instant NOW = Instant.parse("2026-03-01T10:00:00Z");
  private static final List<Role> ADMIN = List.of(new Role(Role.Kind.CONSORTIUM_ADMIN, ""));
  private static final byte[] NOTHING = new byte[0];

  private final SecureRandom random = new SecureRandom();
  private final PersonKey ada = PersonKey.create("ada", "ada@example.org", random);
  private final PersonKey ben = PersonKey.create("ben", "ben@example.org", random);

  private Motion.Terms terms() {
    return new Motion.Terms(NOW.plusSeconds(3600), random);
  }

  private RosterHistory founded() throws RosterRefused {
    Roster first = Roster.first("example.org", List.of(ada.as(ADMIN), ben.as(ADMIN)));
    return RosterHistory.empty().with(Decision.found(first, List.of(ada, ben), terms()));
  }

  private Decision added(String site) {
    Motion motion = Motion.propose("example.org", Act.ADD_SITE, site, NOTHING, ada, terms());
    return new Decision(motion, List.of(ada.sign(motion), ben.sign(motion)));
  }

  private static Why why(ThrowingCallable call) {
    RosterRefused refused = catchThrowableOfType(RosterRefused.class, call);
    assertThat(refused).as("must be refused").isNotNull();
    return refused.why();
  }

  @Test
  void history_encodedAndRead_isTheSame() throws Exception {
    RosterHistory history = founded().with(added("north")).with(added("south"));

    RosterHistory read = RosterHistory.of(history.encoded());

    assertThat(read.roster()).isEqualTo(history.roster());
    assertThat(read.roster().version()).isEqualTo(3);
    assertThat(read.roster().sites()).containsExactly("north", "south");
    assertThat(Roster.decode(read.roster().encoded()).digest())
        .isEqualTo(history.roster().digest());
  }

  @Test
  void history_oneByteChangedAnywhere_isRefused() throws Exception {
    List<byte[]> encoded = founded().with(added("north")).encoded();
    for (int part = 0; part < encoded.size(); part++) {
      for (int i = 0; i < encoded.get(part).length; i++) {
        List<byte[]> changed = new ArrayList<>(encoded);
        byte[] bytes = encoded.get(part).clone();
        bytes[i] ^= 1;
        changed.set(part, bytes);

        assertThatThrownBy(() -> RosterHistory.of(changed))
            .as("byte %d of decision %d", i, part)
            .isInstanceOf(RosterRefused.class);
      }
    }
  }

  @Test
  void badInput_14_oneSignatureOrTwoOfOnePerson_changesNothing() throws Exception {
    Motion motion = Motion.propose("example.org", Act.ADD_SITE, "north", NOTHING, ada, terms());
    Decision one = new Decision(motion, List.of(ada.sign(motion)));
    Decision twice = new Decision(motion, List.of(ada.sign(motion), ada.sign(motion)));

    assertThat(why(() -> founded().with(one))).isEqualTo(Why.NOT_ALLOWED);
    assertThat(why(() -> founded().with(twice))).isEqualTo(Why.SAME_PERSON);
  }

  @Test
  void badInput_14_foundersWithOneKeyOrContact_foundNothing() {
    PersonKey alias = PersonKey.create("ada2", "Ada@Example.org", random);
    Person sameKey = new Person("ada3", "ada3@example.org", ada.verifyingKey(), ADMIN);

    assertThatThrownBy(() -> Roster.first("example.org", List.of(ada.as(ADMIN), alias.as(ADMIN))))
        .hasMessageContaining("shares");
    assertThatThrownBy(() -> Roster.first("example.org", List.of(ada.as(ADMIN), sameKey)))
        .hasMessageContaining("shares");
    assertThatThrownBy(() -> Roster.first("example.org", List.of(ada.as(ADMIN))))
        .hasMessageContaining("at least 2");
  }

  @Test
  void badInput_15_decisionCarriedTwice_isRefused() throws Exception {
    Decision addition = added("north");
    RosterHistory history = founded().with(addition);

    assertThat(why(() -> history.with(addition))).isEqualTo(Why.CONFLICT);
  }

  @Test
  void badInput_20_olderOrOtherRosterThanSeen_isRefused() throws Exception {
    RosterHistory first = founded();
    RosterHistory seen = first.with(added("north"));
    RosterHistory fork = first.with(added("mallory-clinic"));
    RosterHead pin = RosterHead.of(seen.roster(), NOW);

    seen.with(added("south")).checkContinues(pin);
    assertThat(why(() -> first.checkContinues(pin))).isEqualTo(Why.ROLLED_BACK);
    assertThat(why(() -> fork.checkContinues(pin))).isEqualTo(Why.FORK);
    assertThat(RosterHead.decode(pin.encoded())).isEqualTo(pin);
  }

  @Test
  void removePerson_thatLeavesOneAdministrator_isRefused() throws Exception {
    Motion motion = Motion.propose("example.org", Act.REMOVE_PERSON, "ben", NOTHING, ada, terms());
    Decision decision = new Decision(motion, List.of(ada.sign(motion), ben.sign(motion)));

    assertThat(why(() -> founded().with(decision))).isEqualTo(Why.CONFLICT);
  }

  @Test
  void role_eachText_readsBack() {
    for (String text : List.of("consortium-admin", "site-admin(north)", "site-node(north)")) {
      assertThat(Role.parse(text)).hasToString(text);
    }
    for (String text : List.of("king", "site-admin", "auditor(north)", "Site-admin(north)")) {
      assertThatThrownBy(() -> Role.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void personKey_writtenAndRead_signsTheSameAndIsForItsOwnerAlone(@TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("ada.key");
    ada.write(file);
    Motion motion = Motion.propose("example.org", Act.ADD_SITE, "north", NOTHING, ada, terms());

    assertThat(PersonKey.read(file).sign(motion)).isEqualTo(ada.sign(motion));
    assertThat(Motion.decode(motion.encoded())).isEqualTo(motion);
    Files.setPosixFilePermissions(
        file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> PersonKey.read(file)).hasMessageContaining("rw-r--r--");
  }
}
