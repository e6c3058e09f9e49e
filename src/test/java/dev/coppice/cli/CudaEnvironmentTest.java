// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The backend {@code cuda} as a user meets it, in processes of their own: without a device; and
 * with the emulated device in the place of a GPU, with and without (a double of) cuBLAS.
 */
class CudaEnvironmentTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String LIBRARIES = "COPPICE_CUDA_LIBRARIES";

  @TempDir Path folder;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void writeData() throws IOException {
    SmallRun.write(folder, 40);
  }

  /** What a process did. */
  private record Ended(int code, String out, String err, double seconds) {
    String reason() {
      List<String> lines = err.lines().toList();
      return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }

    JsonNode event(String name) throws IOException {
      for (String line : out.lines().toList()) {
        JsonNode event = MAPPER.readTree(line);
        if (event.path("event").asText().equals(name)) {
          return event;
        }
      }
      throw new AssertionError("no event " + name + ": " + this);
    }
  }

  private Ended run(List<String> args) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (Spawned process = Spawned.start(folder, args, environment)) {
      int code = process.join();
      return new Ended(code, process.out(), process.err(), (System.nanoTime() - start) / 1e9);
    }
  }

  private List<String> train(String... more) {
    List<String> args = new ArrayList<>(List.of("train", "--data"));
    args.add(folder.resolve("data").toString());
    args.addAll(List.of("--out", folder.resolve("surrogate.safetensors").toString()));
    args.addAll(List.of("--epochs", "1", "--batch", "16", "--hidden", "8", "--max-len", "10"));
    args.addAll(List.of("--seed", "7", "--threads", "1"));
    args.addAll(List.of(more));
    return args;
  }

  /** The emulated device under the name of the GPU's, which is its twin. */
  private void putDeviceInPlace() throws IOException {
    Path device =
        Stream.of(System.getenv().getOrDefault("LD_LIBRARY_PATH", "").split(":"))
            .map(place -> Path.of(place, "libcoppice_emulated.so"))
            .filter(Files::exists)
            .findFirst()
            .orElse(null);
    assumeTrue(device != null, "no emulated device");
    Path place = Files.createDirectories(folder.resolve("device"));
    Files.copy(device, place.resolve("libcoppice_cuda.so"));
    environment.put("LD_LIBRARY_PATH", place.toString());
  }

  private void assertRefused(String args, String reason) throws Exception {
    Ended ended = run(train(args.split(" ")));
    assertEquals(4, ended.code(), ended.toString());
    assertTrue(ended.reason().contains(reason), ended.toString());
    assertEquals("", ended.out());
    assertFalse(ended.err().contains("\tat "), ended.err());
    assertFalse(Files.exists(folder.resolve("surrogate.safetensors")));
  }

  /** The best of a few starts: others use this machine too. */
  @Test
  void whereNoDeviceIsTheRefusalTakesLessThanASecond() throws Exception {
    environment.put("LD_LIBRARY_PATH", "");
    double least = Double.POSITIVE_INFINITY;
    for (int attempt = 0; attempt < 8 && !(least < 1); attempt++) {
      Ended ended = run(SmallRun.prune(folder, "--backend", "cuda"));
      assumeTrue(ended.code() != 0, "this machine has a GPU");
      assertEquals(4, ended.code(), ended.toString());
      assertTrue(ended.reason().startsWith("cuda is not available: "), ended.toString());
      least = Math.min(least, ended.seconds());
    }
    assertTrue(least < 1, "took " + least + " s");
    assertFalse(Files.exists(folder.resolve("run")));
  }

  @Test
  void autoTakesTheGpuAndSaysSo() throws Exception {
    putDeviceInPlace();
    Ended ended = run(train("--backend", "auto", "--json"));
    assertEquals(0, ended.code(), ended.toString());
    assertEquals("cuda", ended.event("backend").path("name").asText());
    String device = ended.event("backend").path("device").asText();
    assertTrue(device.contains("cuBLAS 13.99.0"), device);
    assertEquals("cuda", ended.event("done").path("backend").asText());
    assertEquals("fp32", ended.event("done").path("precision").asText());
    assertTrue(ended.err().contains("backend cuda: the fastest"), ended.toString());
  }

  @Test
  void aRunOnTheGpuAgreesWithOneOnTheCpuAndPrecisionIsRecorded() throws Exception {
    putDeviceInPlace();
    List<String> selected = new ArrayList<>();
    for (String backend : new String[] {"cpu", "cuda"}) {
      Ended ended =
          run(SmallRun.pruneWithLlm(folder, "--backend", backend, "--curvature-report", "false"));
      assertEquals(0, ended.code(), ended.toString());
      selected.add(Files.readString(folder.resolve("run/selection.txt")));
    }
    assertEquals(selected.get(0), selected.get(1));
    Ended rounded =
        run(SmallRun.prune(folder, "--precision", "bf16", "--curvature-report", "false"));
    assertEquals(0, rounded.code(), rounded.toString());
    JsonNode manifest = MAPPER.readTree(folder.resolve("run/run.json").toFile());
    assertEquals("cuda", manifest.path("backend").asText());
    assertEquals("bf16", manifest.path("precision").asText());
    assertEquals("bf16", manifest.path("configuration").path("precision").asText());
    assertEquals("the one with --precision bf16", manifest.path("backend_why").asText());
    assertTrue(manifest.path("device").asText().endsWith("in bf16"), manifest.toString());
    JsonNode inputs = manifest.path("stages").path("train-surrogate").path("inputs");
    assertEquals("bf16", inputs.path("precision").asText());
    assertEquals(1, manifest.path("stages").path("train-surrogate").path("attempts").asInt());
  }

  @Test
  void withoutCublasTheRefusalSaysWhereItWasLookedForAndAutoTakesTheCpu() throws Exception {
    putDeviceInPlace();
    Path empty = Files.createDirectories(folder.resolve("empty"));
    environment.put(LIBRARIES, empty.toString());
    String reason = "cuBLAS is missing: no folder of COPPICE_CUDA_LIBRARIES (" + empty + ")";
    assertRefused("--backend cuda", reason);
    assertRefused("--precision tf32", reason);
    Ended auto = run(SmallRun.prune(folder, "--json"));
    assertEquals(0, auto.code(), auto.toString());
    assertEquals("cpu", auto.event("backend").path("name").asText());
    assertTrue(auto.event("backend").path("why").asText().contains(reason), auto.toString());
    assertTrue(auto.err().contains("backend cpu: the fastest"), auto.toString());
    assertTrue(auto.err().contains(reason), auto.toString());
    JsonNode manifest = MAPPER.readTree(folder.resolve("run/run.json").toFile());
    assertEquals("cpu", manifest.path("backend").asText());
    assertTrue(manifest.path("backend_why").asText().contains(reason), manifest.toString());
  }

  @Test
  void librariesThatCannotBeLoadedAreNamed() throws Exception {
    putDeviceInPlace();
    Path broken = Files.createDirectories(folder.resolve("broken"));
    for (String name : List.of("libcublas.so.13", "libcublasLt.so.13")) {
      Files.writeString(broken.resolve(name), "no library");
    }
    environment.put(LIBRARIES, broken.toString());
    assertRefused("--backend cuda", broken.resolve("libcublasLt.so.13").toString());
    assertRefused("--backend cuda", "found by COPPICE_CUDA_LIBRARIES, cannot be loaded: ");
  }

  @Test
  void aCublasThatRefusesTheMachineIsAMissingEnvironment() throws Exception {
    putDeviceInPlace();
    environment.put("CUBLAS_DOUBLE_CREATE", "1");
    assertRefused("--backend cuda", "cublasLtCreate: CUBLAS_STATUS_NOT_INITIALIZED (1)");
  }

  @Test
  void theDoctorNamesTheFilesItFound() throws Exception {
    putDeviceInPlace();
    Path libraries = Path.of(System.getenv().getOrDefault(LIBRARIES, "")).toRealPath();
    Ended text = run(List.of("doctor"));
    assertEquals(0, text.code(), text.toString());
    String both =
        libraries.resolve("libcublas.so.13")
            + " and "
            + libraries.resolve("libcublasLt.so.13")
            + ", found by COPPICE_CUDA_LIBRARIES";
    assertTrue(text.out().contains(both), text.toString());
    assertTrue(text.out().contains("cuda       available: "), text.toString());
    JsonNode facts = run(List.of("doctor", "--json")).event("done").path("cuda");
    assertEquals(libraries.resolve("libcublas.so.13").toString(), facts.path("cublas").asText());
    assertEquals(LIBRARIES, facts.path("cublas_found_by").asText());
    environment.put(LIBRARIES, folder.toString());
    Ended without = run(List.of("doctor"));
    assertTrue(without.out().contains("  cublas   cuBLAS is missing: "), without.toString());
    assertTrue(without.out().contains("cuda is not available: cuBLAS is"), without.toString());
  }
}
