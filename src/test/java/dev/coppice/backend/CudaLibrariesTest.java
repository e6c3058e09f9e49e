// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where NVIDIA's libraries are looked for, in a made-up file system. */
class CudaLibrariesTest {
  @TempDir Path root;
  private final Map<String, String> environment = new HashMap<>();

  private CudaLibraries search() {
    return CudaLibraries.of(environment, root);
  }

  private Path install(String folder, String... files) throws IOException {
    Path made = Files.createDirectories(root.resolve(folder));
    for (String file : files) {
      Files.writeString(made.resolve(file), "");
    }
    return made;
  }

  private Path installCublas(String folder) throws IOException {
    return install(folder, "libcublas.so.13", "libcublasLt.so.13");
  }

  private void assertFound(Path folder, String source) {
    CudaLibraries.Cublas found = search().cublas().orElseThrow();
    assertEquals(folder.resolve("libcublas.so.13"), found.cublas());
    assertEquals(folder.resolve("libcublasLt.so.13"), found.cublasLt());
    assertEquals(source, found.source());
  }

  @Test
  void eachPlaceComesBeforeTheNext() throws IOException {
    assertFound(installCublas("usr/local/cuda-13.1/lib64"), "the system");
    assertFound(installCublas("usr/lib/x86_64-linux-gnu"), "the dynamic loader");
    install("etc/ld.so.conf.d");
    Files.writeString(root.resolve("etc/ld.so.conf"), "include /etc/ld.so.conf.d/*.conf\n");
    Files.writeString(root.resolve("etc/ld.so.conf.d/cuda.conf"), "# CUDA\n/opt/cuda/lib\n");
    assertFound(installCublas("opt/cuda/lib"), "the dynamic loader");
    Path path = installCublas("path/targets/x86_64-linux/lib");
    environment.put("CUDA_PATH", root.resolve("path").toString());
    assertFound(path, "CUDA_PATH");
    Path home = installCublas("home/lib64");
    environment.put("CUDA_HOME", root.resolve("home").toString());
    assertFound(home, "CUDA_HOME");
    Path loaded = installCublas("loaded");
    environment.put("LD_LIBRARY_PATH", root.resolve("absent") + ":" + loaded);
    assertFound(loaded, "LD_LIBRARY_PATH");
    Path given = installCublas("given");
    environment.put("COPPICE_CUDA_LIBRARIES", given.toString());
    assertFound(given, "COPPICE_CUDA_LIBRARIES");
  }

  @Test
  void bothFilesComeFromOneFolder() throws IOException {
    Path half = install("half", "libcublas.so.13");
    Path other = install("other", "libcublasLt.so.13");
    environment.put("LD_LIBRARY_PATH", half + ":" + other);
    assertEquals(Optional.empty(), search().cublas());
    assertFound(installCublas("usr/lib64"), "the dynamic loader");
  }

  @Test
  void whereFoldersAreGivenNoOtherIsSearched() throws IOException {
    installCublas("usr/lib64");
    Path empty = install("empty");
    environment.put("COPPICE_CUDA_LIBRARIES", empty.toString());
    String message =
        assertThrows(UnsupportedOperationException.class, () -> search().requireCublas())
            .getMessage();
    assertTrue(message.contains("no folder of COPPICE_CUDA_LIBRARIES (" + empty + ")"), message);
    assertTrue(message.contains("libcublas.so.13 and libcublasLt.so.13"), message);
    environment.put("COPPICE_CUDA_LIBRARIES", " ");
    assertTrue(search().cublas().isPresent());
  }

  @Test
  void anOlderReleaseIsNotTaken() throws IOException {
    install("usr/local/cuda/lib64", "libcublas.so.12", "libcublasLt.so.12", "libcublas.so");
    String message =
        assertThrows(UnsupportedOperationException.class, () -> search().requireCublas())
            .getMessage();
    assertTrue(message.contains("install cuBLAS of CUDA 13"), message);
    assertTrue(message.contains("COPPICE_CUDA_LIBRARIES"), message);
  }

  @Test
  void tellsDriverAndGpus() throws IOException {
    assertEquals(Optional.empty(), search().driver());
    assertEquals(Optional.empty(), search().driverVersion());
    assertEquals(List.of(), search().gpus());
    Path lib = install("usr/lib64", "libcuda.so.1");
    install("proc/driver/nvidia/gpus/0000:01:00.0");
    Files.writeString(
        root.resolve("proc/driver/nvidia/version"),
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build\n");
    Files.writeString(
        root.resolve("proc/driver/nvidia/gpus/0000:01:00.0/information"),
        "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t 255\n");
    assertEquals(Optional.of(lib.resolve("libcuda.so.1")), search().driver());
    assertEquals(Optional.of("580.82.07"), search().driverVersion());
    assertEquals(List.of("NVIDIA H100 80GB HBM3"), search().gpus());
    assertFalse(search().cublas().isPresent());
  }
}
