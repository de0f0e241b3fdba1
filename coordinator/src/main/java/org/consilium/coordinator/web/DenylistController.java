package org.consilium.coordinator.web;

import io.micronaut.http.HttpResponse;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.Post;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import io.micronaut.serde.annotation.Serdeable;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.jspecify.annotations.Nullable;

/** Names, keys and certificates that may not call. */
@Controller("/api/v1/denylist")
@ExecuteOn(TaskExecutors.BLOCKING)
final class DenylistController {
  private final WebServer.Parts parts;

  DenylistController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /**
   * One entry.
   *
   * @param kind id, key or serial
   */
  @Serdeable
  record EntryJson(String kind, String value, Instant since, String reason) {
    static EntryJson of(Denylist.Entry entry) {
      return new EntryJson(
          entry.kind().name().toLowerCase(Locale.ROOT),
          entry.value(),
          entry.since(),
          entry.reason());
    }
  }

  /** What is asked. A caller may send anything, also nothing. */
  @Serdeable
  record Denial(
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String kind,
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String value,
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String reason) {}

  /** All entries, the oldest first. */
  @Get
  List<EntryJson> list() {
    return parts.denylist().list().stream().map(EntryJson::of).toList();
  }

  /** Shuts out at once whoever has this name, key or certificate. */
  @Post
  HttpResponse<EntryJson> add(@Body Denial denial) throws MembershipRefused, IOException {
    Denylist.Kind kind =
        switch (SitesController.given(denial.kind(), "kind")) {
          case "id" -> Denylist.Kind.ID;
          case "key" -> Denylist.Kind.KEY;
          case "serial" -> Denylist.Kind.SERIAL;
          default -> throw new IllegalArgumentException("kind must be id, key or serial");
        };
    String reason = denial.reason() == null ? "" : denial.reason();
    String value = SitesController.given(denial.value(), "value");
    return HttpResponse.created(EntryJson.of(parts.denylist().add(kind, value, reason)));
  }
}
