package org.consilium.coordinator.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

final class DoorkeeperTest {
  @Test
  void enter_addressesOfOneIpv6Network_countTogether() {
    Doorkeeper door = new Doorkeeper("door", 2, 100);

    assertThat(door.enter(peer("2001:db8:0:1::1", 1))).isTrue();
    assertThat(door.enter(peer("2001:db8:0:1:ffff:ffff:ffff:ffff", 2))).isTrue();
    assertThat(door.enter(peer("2001:db8:0:1::2", 3))).isFalse();
    assertThat(door.enter(peer("2001:db8:0:2::1", 4))).isTrue();
  }

  @Test
  void enter_neighboursOfIpv4_countApart() {
    Doorkeeper door = new Doorkeeper("door", 1, 100);

    assertThat(door.enter(peer("192.0.2.1", 1))).isTrue();
    assertThat(door.enter(peer("192.0.2.2", 2))).isTrue();
    assertThat(door.enter(peer("192.0.2.2", 3))).isFalse();
  }

  @Test
  void enter_manyAddressesBeyondTheTotal_turnedAwayUntilOneLeaves() {
    Doorkeeper door = new Doorkeeper("door", 2, 3);
    for (int i = 1; i <= 3; i++) {
      assertThat(door.enter(peer("192.0.2." + i, i))).isTrue();
    }

    assertThat(door.enter(peer("192.0.2.4", 4))).isFalse();
    door.leave(peer("192.0.2.1", 1));
    assertThat(door.enter(peer("192.0.2.4", 5))).isTrue();
    assertThat(door.enter(peer("192.0.2.5", 6))).isFalse();
  }

  @Test
  void enter_afterAllHaveLeft_asAtFirst() {
    Doorkeeper door = new Doorkeeper("door", 1, 1);

    for (int i = 1; i <= 3; i++) {
      assertThat(door.enter(peer("2001:db8::1", i))).isTrue();
      door.leave(peer("2001:db8::1", i));
    }
  }

  private static InetSocketAddress peer(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
