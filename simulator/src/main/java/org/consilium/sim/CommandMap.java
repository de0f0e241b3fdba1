package org.consilium.sim;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Every command of every module with one example each: what {@code consilium --help} prints. */
final class CommandMap {
  private static final int NEAR = 3;

  private record Entry(String name, String example, String words) {}

  private record Group(String title, List<Entry> entries) {}

  private static final List<Group> GROUPS =
      List.of(
          new Group(
              "See it",
              List.of(
                  new Entry(
                      "demo", "consilium demo", "a whole consortium on this machine, in minutes"),
                  new Entry(
                      "demo data",
                      "consilium demo data --out lab --sites 2 --seed 7",
                      "case files to do it by hand"),
                  new Entry(
                      "demo pretrain",
                      "consilium demo pretrain --out pretrained",
                      "make the bundled checkpoint again"),
                  new Entry(
                      "run",
                      "consilium run study.yaml --local 4 --data cases.npz --out result",
                      "a study file on your own cases, on this machine"),
                  new Entry(
                      "simulate",
                      "consilium simulate --seeds 1000",
                      "studies in virtual time with seeded faults, checked"),
                  new Entry(
                      "bench round",
                      "consilium bench round --sites 4 --parameters 86000000",
                      "seconds and memory of a large round"),
                  new Entry(
                      "bench kills",
                      "consilium bench kills --coordinator 20 --sites 20",
                      "processes die at random, the model is the same"),
                  new Entry(
                      "bench scale",
                      "consilium bench scale --sites 1000 --parameters 1000000",
                      "many sites in one process: seconds and memory"),
                  new Entry(
                      "bench transfers",
                      "consilium bench transfers --sites 8 --parameters 86000000",
                      "large updates over lines that are cut"),
                  new Entry(
                      "bench labels",
                      "consilium bench labels --data cases.npz --out labels",
                      "how far few labels go, pre-trained or not"))),
          new Group(
              "Run a consortium",
              List.of(
                  new Entry(
                      "consortium init",
                      "consilium consortium init --dir lab/consortium --domain example.org",
                      "authority and two administrators' keys, for a pilot"),
                  new Entry(
                      "ca",
                      "consilium ca serve --dir lab/consortium/authority",
                      "the issuing authority: init, serve"),
                  new Entry(
                      "person",
                      "consilium person new ada --contact ada@example.org -o ada.key",
                      "keys of people; who is on the roster"),
                  new Entry(
                      "proposal", "consilium proposal list", "what waits for a second person"),
                  new Entry(
                      "coordinator serve",
                      "consilium coordinator serve --state lab/c --consortium"
                          + " lab/consortium/coordinator",
                      "the service that runs rounds"),
                  new Entry(
                      "coordinator backup",
                      "consilium coordinator backup --state lab/c -o monday.backup",
                      "all that it knows, while it runs; restore puts it back"),
                  new Entry(
                      "site",
                      "consilium site invite north --person ada.key -o north.token",
                      "invite, approve, list, revoke sites"),
                  new Entry(
                      "study",
                      "consilium study create -f study.yaml",
                      "create, start, watch, export, replay studies"),
                  new Entry(
                      "audit",
                      "consilium audit verify --bundle consortium.audit --root HEX",
                      "what happened, checked offline"))),
          new Group(
              "Run a hospital's node",
              List.of(
                  new Entry(
                      "node join",
                      "consilium node join --token-file north.token --state north",
                      "make keys here, ask to join"),
                  new Entry(
                      "node data",
                      "consilium node data --data cases/",
                      "what a node would use of some cases"),
                  new Entry(
                      "node study",
                      "consilium node study show mri-demo --state north",
                      "a proposed study in plain words"),
                  new Entry(
                      "node approve",
                      "consilium node approve mri-demo --state north",
                      "the hospital's own decision"),
                  new Entry(
                      "node serve",
                      "consilium node serve --state north --data north.npz",
                      "train, protect, send; one outbound connection"),
                  new Entry(
                      "node status",
                      "consilium node status --state north",
                      "what it does now; pause and resume stop all that leaves"),
                  new Entry(
                      "node policy",
                      "consilium node policy show --state north",
                      "what this hospital allows; see also node deny, privacy, renew, audit"),
                  new Entry(
                      "node ledger",
                      "consilium node ledger --state north",
                      "what has left this hospital"),
                  new Entry(
                      "model", "consilium model --help", "judge a model file on local cases"))),
          new Group(
              "This copy",
              List.of(
                  new Entry("build", "consilium build", "build all modules now"),
                  new Entry(
                      "rehearse", "consilium rehearse", "once, so that services here start sooner"),
                  new Entry("jdk", "consilium jdk", "the JDK that is used"))));

  private CommandMap() {}

  static String text() {
    StringBuilder text = new StringBuilder();
    text.append("Consilium: hospitals train one imaging model together; no image leaves.\n\n");
    text.append("Usage: consilium COMMAND [OPTIONS]     consilium COMMAND --help\n");
    for (Group group : GROUPS) {
      text.append('\n').append(group.title).append('\n');
      for (Entry entry : group.entries) {
        text.append("  %-19s %s%n".formatted(entry.name, entry.words));
        text.append("  %-19s   %s%n".formatted("", entry.example));
      }
    }
    text.append(
        """

        Exit codes: 0 ok, 1 failed, 2 usage, 3 cannot connect, 4 not allowed,
        5 time-out, 6 not found or conflict, 7 refused by the hospital's policy,
        10 another coordinator leads, 70 internal.
        """);
    text.append("--version prints the version. Commands that report take --json.\n");
    return text.toString();
  }

  /** The version of this build. */
  static String version() {
    String version = CommandMap.class.getPackage().getImplementationVersion();
    return version == null ? "(built in place)" : version;
  }

  /** The command that a misspelt word is closest to. */
  static Optional<String> nearest(String word) {
    return GROUPS.stream()
        .flatMap(g -> g.entries.stream())
        .map(e -> e.name.split(" ", -1)[0])
        .distinct()
        .filter(name -> distance(name, word) <= NEAR)
        .min(Comparator.comparingInt(name -> distance(name, word)));
  }

  /** Levenshtein's distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? diagonal : diagonal + 1;
        row[j] = Math.min(same, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
