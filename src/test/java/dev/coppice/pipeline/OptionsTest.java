// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
  @ParameterizedTest
  @CsvSource({
    "8GiB, 8589934592", "8G, 8589934592", "8gib, 8589934592", "1.5GiB, 1610612736",
    "512MiB, 536870912", "1GB, 1000000000", "64KB, 64000", "12345678, 12345678",
    "2TiB, 2199023255552", "1000000B, 1000000", "7 GiB, 7516192768"
  })
  void readsMemorySizes(String text, long bytes) {
    assertEquals(bytes, MemorySize.parse("--memory", text));
  }

  @ParameterizedTest
  @CsvSource({"''", "GiB", "-1GiB", "8XB", "1e9", "8GiBs", "1.2.3G", "99999999999999999TiB"})
  void refusesWhatIsNoMemorySize(String text) {
    assertNames("--memory", () -> MemorySize.parse("--memory", text));
  }

  @Test
  void namesTheOptionThatIsOutOfRange() {
    assertNames("--epochs", () -> train(0, 5, 500, 1e-3, 64, 2, 0.5));
    assertNames("--eval-every", () -> train(1, 0, 500, 1e-3, 64, 2, 0.5));
    assertNames("--batch", () -> train(1, 5, 0, 1e-3, 64, 2, 0.5));
    assertNames("--lr", () -> train(1, 5, 500, 0, 64, 2, 0.5));
    assertNames("--lr", () -> train(1, 5, 500, Double.NaN, 64, 2, 0.5));
    assertNames("--heads", () -> train(1, 5, 500, 1e-3, 64, 3, 0.5));
    assertNames("--dropout", () -> train(1, 5, 500, 1e-3, 64, 2, 1.0));
    assertNames("--solver", () -> influence("newton", "0.25", "hessian", Optional.empty()));
    assertNames("--damping", () -> influence("cg", "-0.1", "hessian", Optional.empty()));
    assertNames("--damping", () -> influence("cg", "Infinity", "hessian", Optional.empty()));
    assertNames("--curvature", () -> influence("cg", "0.25", "fisher", Optional.empty()));
    assertThrows(
        ConfigException.class, () -> influence("ekfac", "0.25", "hessian", Optional.empty()));
    assertNames("--lissa-scale", () -> influence("lissa", "0.25", "hessian", Optional.of(0.0)));
    assertNames("--cutoff", () -> new EffortOptions("all-lora", 2, "all", 1L << 30, "auto"));
    assertNames("--loss", () -> new EffortOptions("all-lora", 512, "some", 1L << 30, "auto"));
    assertNames(
        "--effort-params", () -> new EffortOptions("layers.(", 512, "all", 1L << 30, "auto"));
    assertNames("--shared-prefix", () -> new EffortOptions("all-lora", 512, "all", 1L << 30, "on"));
    assertNames("--memory", () -> new EffortOptions("all-lora", 512, "all", 1000, "auto"));
    assertNames("--n", () -> new SelectOptions(0, 0.3, 50, 0.1, "coverage"));
    assertNames("--lambda", () -> new SelectOptions(1, -1, 50, 0.1, "coverage"));
    assertNames("--strata", () -> new SelectOptions(1, 0.3, 0, 0.1, "coverage"));
    assertNames("--hard-prune", () -> new SelectOptions(1, 0.3, 50, 1.0, "coverage"));
    assertNames("--strategy", () -> new SelectOptions(1, 0.3, 50, 0.1, "best"));
    assertNames("--threads", () -> new RunOptions(BackendChoice.CPU, 0, 1));
    assertNames("--precision", () -> options(BackendChoice.CUDA, "fp16"));
    assertNames("--precision", () -> options(BackendChoice.CPU, "tf32"));
    assertNames("--precision", () -> options(BackendChoice.REFERENCE, "bf16"));
    assertNames("--adapter", () -> prune(Optional.empty(), Optional.of(Path.of("a")), 1, "cg"));
  }

  @Test
  void listsWhichOptionsAStageDependsOn() {
    PruneOptions alone = prune(Optional.empty(), Optional.empty(), 1, "cg");
    assertEquals(
        List.of(
            "precision",
            "seed",
            "epochs",
            "eval-every",
            "patience",
            "batch",
            "lr",
            "hidden",
            "layers",
            "heads",
            "max-len",
            "dropout",
            "holdout"),
        labels(StageName.TRAIN_SURROGATE, alone));
    assertEquals(
        List.of(
            "precision",
            "seed",
            "holdout",
            "solver",
            "damping",
            "tolerance",
            "curvature",
            "params",
            "curvature-report"),
        labels(StageName.SCORE_INFLUENCE, alone));
    assertEquals(
        List.of("seed", "n", "strata", "hard-prune", "strategy"), labels(StageName.SELECT, alone));
    PruneOptions both = prune(Optional.of(Path.of("m")), Optional.empty(), 1, "lissa");
    assertEquals(
        List.of(
            "precision",
            "seed",
            "holdout",
            "solver",
            "damping",
            "curvature",
            "params",
            "lissa-steps",
            "lissa-batch",
            "curvature-report"),
        labels(StageName.SCORE_INFLUENCE, both));
    assertEquals(
        List.of(
            "precision",
            "seed of a fresh LoRA adapter",
            "effort-params",
            "cutoff",
            "loss",
            "shared-prefix"),
        labels(StageName.SCORE_EFFORT, both));
    PruneOptions adapted = prune(Optional.of(Path.of("m")), Optional.of(Path.of("a")), 1, "lissa");
    assertEquals(
        List.of("precision", "effort-params", "cutoff", "loss", "shared-prefix"),
        labels(StageName.SCORE_EFFORT, adapted));
    assertTrue(labels(StageName.SELECT, both).contains("lambda"));
  }

  @Test
  void threadsMemoryAndPlacesInvalidateNothing() {
    assertEquals(
        List.of("data", "out", "llm", "adapter", "backend", "threads", "memory"),
        Arrays.stream(RunOption.values())
            .filter(option -> option.invalidates().isEmpty())
            .map(RunOption::label)
            .collect(Collectors.toList()));
  }

  @Test
  void theDocumentListsEveryOptionAndItsStages() throws IOException {
    List<String> expected =
        Arrays.stream(RunOption.values())
            .map(
                option ->
                    "| `"
                        + option.label()
                        + "` | "
                        + option.invalidates().stream()
                            .map(StageName::label)
                            .collect(Collectors.joining(", ")))
            .toList();
    List<String> documented =
        Files.readAllLines(Path.of("docs/run-folder.md")).stream()
            .dropWhile(line -> !line.startsWith("| option |"))
            .skip(2)
            .takeWhile(line -> line.startsWith("|"))
            .map(line -> line.replaceFirst("(?:none.*)? ?\\|$", "").stripTrailing())
            .toList();
    assertEquals(expected.stream().map(String::stripTrailing).toList(), documented);
  }

  private static List<String> labels(StageName stage, PruneOptions options) {
    return List.copyOf(RunOption.inputsOf(stage, options).keySet());
  }

  private static PruneOptions prune(
      Optional<Path> llm, Optional<Path> adapter, int threads, String solver) {
    return new PruneOptions(
        Path.of("d"),
        Path.of("r"),
        llm,
        adapter,
        new RunOptions(BackendChoice.CPU, threads, 42),
        TrainOptions.DEFAULT,
        influence(solver, "0.25", "hessian", Optional.empty()),
        EffortOptions.DEFAULT,
        SelectOptions.DEFAULT);
  }

  private static RunOptions options(BackendChoice backend, String precision) {
    return new RunOptions(backend, precision, 1, 1, Map.of());
  }

  private static TrainOptions train(
      int epochs, int every, int batch, double lr, int hidden, int heads, double dropout) {
    return new TrainOptions(epochs, every, 0, batch, lr, hidden, 2, heads, 50, dropout, 0);
  }

  private static InfluenceOptions influence(
      String solver, String damping, String curvature, Optional<Double> scale) {
    return new InfluenceOptions(
        solver, damping, 1e-6, curvature, "last-dense", scale, 5000, 1, true);
  }

  private static void assertNames(String option, Executable action) {
    String message = assertThrows(ConfigException.class, action).getMessage();
    assertTrue(
        message.startsWith(option + " is ") || message.startsWith(option + " needs "), message);
    assertTrue(message.contains("; give "), message);
  }
}
