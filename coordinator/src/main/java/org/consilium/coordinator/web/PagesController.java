package org.consilium.coordinator.web;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.Header;
import io.micronaut.http.annotation.PathVariable;
import io.micronaut.http.annotation.Produces;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import io.swagger.v3.oas.annotations.Hidden;
import java.util.Map;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.protocol.StudyId;

/** The pages: all studies and sites, and one study. They need no script and reload themselves. */
@Hidden
@Controller
@Produces(MediaType.TEXT_HTML)
@ExecuteOn(TaskExecutors.BLOCKING)
final class PagesController {
  private final WebServer.Parts parts;
  private final TemplateEngine templates = TemplateEngine.createPrecompiled(ContentType.Html);

  PagesController(WebServer.Parts parts) {
    this.parts = parts;
  }

  @Get("/")
  HttpResponse<String> home(
      @Header(value = "Accept-Language", defaultValue = "en") String language) {
    return page(
        "home.jte",
        Map.of(
            "words", Words.of(language),
            "studies", parts.studies().list(),
            "members", parts.consortium().list()));
  }

  @Get("/studies/{id}")
  HttpResponse<String> study(
      @PathVariable String id,
      @Header(value = "Accept-Language", defaultValue = "en") String language)
      throws StudyRefused {
    StudyId study = new StudyId(id);
    Words words = Words.of(language);
    return page(
        "study.jte",
        Map.of(
            "words",
            words,
            "page",
            StudyPage.of(
                parts
                    .studies()
                    .find(study)
                    .orElseThrow(
                        () -> new StudyRefused(StudyRefused.Why.NOT_FOUND, "no study " + study)),
                words)));
  }

  private HttpResponse<String> page(String template, Map<String, Object> model) {
    StringOutput html = new StringOutput();
    templates.render(template, model, html);
    return HttpResponse.ok(html.toString())
        .contentType(MediaType.of("text/html; charset=utf-8"))
        .header("Vary", "Accept-Language");
  }
}
