// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.CudaLibraries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What of the backend {@code cuda} this machine has: driver, GPUs, cuBLAS; and what to install. */
final class CudaParts {
  private static final String NO_DRIVER =
      "none; install NVIDIA's driver, version 580 or newer, on a machine with a GPU";
  private static final String NO_GPU = "none that the driver shows";

  private final CudaLibraries libraries;

  private CudaParts(CudaLibraries libraries) {
    this.libraries = libraries;
  }

  /** The parts that a process with these variables finds. */
  static CudaParts under(Map<String, String> environment) {
    return new CudaParts(CudaLibraries.under(environment));
  }

  /** For programs; what is missing is null or empty. */
  Map<String, Object> facts() {
    Optional<CudaLibraries.Cublas> cublas = libraries.cublas();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("driver_version", libraries.driverVersion().orElse(null));
    facts.put("driver_library", libraries.driver().map(Path::toString).orElse(null));
    facts.put("gpus", libraries.gpus());
    facts.put("cublas", cublas.map(found -> real(found.cublas())).orElse(null));
    facts.put("cublas_lt", cublas.map(found -> real(found.cublasLt())).orElse(null));
    facts.put("cublas_found_by", cublas.map(CudaLibraries.Cublas::source).orElse(null));
    return facts;
  }

  /** For people: a line for each part. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    String driver =
        libraries
            .driver()
            .map(file -> libraries.driverVersion().orElse("version unknown") + ", " + file)
            .orElse(NO_DRIVER);
    lines.add(line("driver", driver));
    List<String> gpus = libraries.gpus();
    lines.add(line("gpu", gpus.isEmpty() ? NO_GPU : String.join(", ", gpus)));
    String cublas =
        libraries
            .cublas()
            .map(
                found ->
                    real(found.cublas())
                        + " and "
                        + real(found.cublasLt())
                        + ", found by "
                        + found.source())
            .orElseGet(libraries::missing);
    lines.add(line("cublas", cublas));
    lines.add(line("cudart", "inside libcoppice_cuda.so; no file is needed"));
    return lines;
  }

  private static String line(String name, String text) {
    return String.format("  %-8s %s", name, text);
  }

  /** The file behind links, whose name has the version. */
  private static String real(Path file) {
    try {
      return file.toRealPath().toString();
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }
}
