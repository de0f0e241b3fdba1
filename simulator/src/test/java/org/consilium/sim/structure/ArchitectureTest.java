package org.consilium.sim.structure;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;

/** The house plan of docs/ARCHITECTURE.md, checked on the compiled classes. */
@AnalyzeClasses(packages = "org.consilium", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {
  private static final String PROTO = "org.consilium.proto..";
  private static final String PROTOCOL = "org.consilium.protocol..";
  private static final String SECURITY = "org.consilium.security..";
  private static final String MODELS = "org.consilium.models..";
  private static final String COORDINATOR = "org.consilium.coordinator..";
  private static final String SITE = "org.consilium.site..";
  private static final String SIM = "org.consilium.sim..";
  private static final String BENCH = "org.consilium.bench..";

  @ArchTest
  static final ArchRule protoKnowsNothingOfOurs =
      noClasses()
          .that()
          .resideInAnyPackage(PROTO, PROTOCOL)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(SECURITY, MODELS, COORDINATOR, SITE, SIM, BENCH)
          .because("both ends must be able to agree on messages without either end's code");

  @ArchTest
  static final ArchRule securityIsBytesAndNumbers =
      noClasses()
          .that()
          .resideInAPackage(SECURITY)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              PROTO,
              PROTOCOL,
              MODELS,
              COORDINATOR,
              SITE,
              SIM,
              BENCH,
              "io.grpc..",
              "com.google.protobuf..",
              "ai.djl..")
          .because("cryptography that knows no messages can be audited alone");

  @ArchTest
  static final ArchRule modelsKnowNoNetwork =
      noClasses()
          .that()
          .resideInAPackage(MODELS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              SECURITY, COORDINATOR, SITE, SIM, BENCH, "io.grpc..", "org.bouncycastle..")
          .because("training code has no route to the network or to keys");

  @ArchTest
  static final ArchRule coordinatorKnowsNoSiteAndNoEngine =
      noClasses()
          .that()
          .resideInAPackage(COORDINATOR)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              SITE,
              SIM,
              BENCH,
              "ai.djl..",
              "org.consilium.models.engine..",
              "org.consilium.models.arch..")
          .because("the coordinator sees layouts and bytes, never a training engine");

  @ArchTest
  static final ArchRule coordinatorHoldsNoIssuingCode =
      noClasses()
          .that()
          .resideInAPackage(COORDINATOR)
          .and()
          .resideOutsideOfPackage("org.consilium.coordinator.issuing..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.consilium.coordinator.issuing..")
          .because("the issuing authority is another process; the coordinator has only its client");

  @ArchTest
  static final ArchRule onlyTheAuthorityIssues =
      noClasses()
          .that()
          .resideInAPackage(COORDINATOR)
          .and()
          .resideOutsideOfPackage("org.consilium.coordinator.issuing..")
          .should()
          .callMethodWhere(
              com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                      com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner(
                          com.tngtech.archunit.core.domain.JavaClass.Predicates.type(
                              org.consilium.security.identity.CertificateAuthority.class)))
                  .and(
                      com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                          com.tngtech.archunit.core.domain.properties.HasName.Predicates
                              .nameMatching("open|create|issue|seal"))))
          .because("whoever can mint sites defeats secure aggregation with fake ones");

  @ArchTest
  static final ArchRule siteKnowsNoCoordinator =
      noClasses()
          .that()
          .resideInAPackage(SITE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(COORDINATOR, SIM, BENCH)
          .because("what runs inside a hospital is reviewed alone");

  @ArchTest
  static final ArchRule engineOnlyInItsRooms =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.consilium.models.engine..", "org.consilium.models.arch..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..")
          .because("native tensors have one owner");

  @ArchTest
  static final ArchRule bouncyCastleOnlyInSecurity =
      noClasses()
          .that()
          .resideOutsideOfPackage(SECURITY)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bouncycastle..")
          .because("cryptography has one house");

  @ArchTest
  static final ArchRule generatedMessagesOnlyAtTheEdges =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              PROTO,
              "org.consilium.protocol.wire..",
              "org.consilium.coordinator.rpc..",
              "org.consilium.coordinator.issuing..",
              "org.consilium.coordinator.authority..",
              "org.consilium.coordinator.round..",
              "org.consilium.site.session..",
              "org.consilium.site.masking..",
              "org.consilium.site.upload..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(PROTO)
          .because(
              "inside, only legal records travel (round and masking keep their journals as"
                  + " messages)");

  @ArchTest
  static final ArchRule micronautOnlyAtTheFace =
      noClasses()
          .that()
          .resideInAPackage(COORDINATOR)
          .and()
          .resideOutsideOfPackages(
              "org.consilium.coordinator",
              "org.consilium.coordinator.web..",
              "org.consilium.coordinator.ops..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.micronaut..")
          .because("rounds, intake and journal are plain classes");

  @ArchTest
  static final ArchRule networkCodeSeesOnlyProtectedTypes =
      noClasses()
          .that()
          .resideInAnyPackage("org.consilium.site.upload..", "org.consilium.site.session..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.consilium.site.train..",
              "org.consilium.site.validate..",
              "org.consilium.site.cohort..")
          .because("nothing reaches the network but what protect has made");

  @ArchTest
  static final ArchRule pureRoomsDoNoInputOrOutput =
      noClasses()
          .that()
          .resideInAnyPackage(
              "org.consilium.models.metrics..",
              "org.consilium.coordinator.drift..",
              "org.consilium.coordinator.aggregate.robust..",
              "org.consilium.security.mask..",
              "org.consilium.security.privacy..")
          .or()
          .haveNameMatching(
              "org\\.consilium\\.coordinator\\.round\\.(RoundMachine|MaskMachine|StudyMachine)")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.io..", "java.nio.file..", "java.net..", "org.slf4j..")
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(Thread.class)
          .because("they are functions of their arguments");

  @ArchTest
  static final ArchRule timeIsAParameter =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.consilium.coordinator", "org.consilium.site", SIM, BENCH)
          .should()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(Clock.class, "systemUTC")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .because("tests and replays hand in time and chance; main wires the real ones");

  @ArchTest
  static final ArchRule noMutableStatics =
      fields()
          .that()
          .areStatic()
          .and()
          .areDeclaredInClassesThat()
          .resideOutsideOfPackages(PROTO, "gg.jte..")
          .and()
          .areNotAnnotatedWith("javax.annotation.processing.Generated")
          .should()
          .beFinal()
          .because("state has an owner");

  @ArchTest
  static final ArchRule noVagueNames =
      noClasses()
          .that()
          .resideOutsideOfPackages(PROTO, "gg.jte..")
          .should()
          .haveNameMatching(
              ".*\\.(\\w*(Manager|Util|Utils|Helper|Impl|Wrapper)|(Abstract|Base)[A-Z]\\w*)")
          .because("a name says what a thing is");

  @ArchTest
  static final ArchRule noCyclesBetweenRooms =
      slices()
          .matching("org.consilium.(*).(*)..")
          .should()
          .beFreeOfCycles()
          .because("rooms that need one another are one room");
}
