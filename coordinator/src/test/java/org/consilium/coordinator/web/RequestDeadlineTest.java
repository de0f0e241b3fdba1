package org.consilium.coordinator.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RequestDeadlineTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @BeforeEach
  void connect() {
    channel.freezeTime();
    var _ = channel.pipeline().addLast(new RequestDeadline());
  }

  @AfterEach
  void close() {
    var _ = channel.close();
  }

  @Test
  void firstHead_notWholeInTime_isTheEnd() {
    after(RequestDeadline.FIRST_HEAD_S - 1);
    assertThat(channel.isOpen()).isTrue();

    after(1);

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void body_notWholeInTime_isTheEnd() {
    head();
    after(RequestDeadline.BODY_S - 1);
    assertThat(channel.isOpen()).isTrue();

    after(1);

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void answer_takesItsTime_thenTheNextHeadIsAwaited() {
    head();
    channel.writeInbound(LastHttpContent.EMPTY_LAST_CONTENT);
    after(100_000);
    assertThat(channel.isOpen()).isTrue();

    channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
    after(RequestDeadline.NEXT_HEAD_S - 1);
    assertThat(channel.isOpen()).isTrue();
    after(1);

    assertThat(channel.isOpen()).isFalse();
  }

  private void head() {
    channel.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/"));
  }

  private void after(int seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runPendingTasks();
  }
}
