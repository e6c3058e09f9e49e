// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.Loader;

/**
 * Loads cuBLAS and JavaCPP's binding of it, once in a process.
 *
 * <p>JavaCPP's own loading is not used for these: it would load the binding of the CUDA runtime
 * too, which needs the driver and a runtime that the product does without; and it leaves links to
 * NVIDIA's files in its cache, which a later start with other files would follow.
 */
final class CublasLibrary {
  private static final String BINDING = "/org/bytedeco/cuda/linux-x86_64/libjnicublas.so";
  private static final String SWITCH = "org.bytedeco.javacpp.loadLibraries";
  private static boolean loaded;

  private CublasLibrary() {}

  /**
   * Loads what is not loaded yet; what a process has loaded stays, whatever is asked for later.
   *
   * @throws UnsupportedOperationException with the reason and what to do
   */
  static synchronized void load(CudaLibraries libraries) {
    if (loaded) {
      return;
    }
    CudaLibraries.Cublas files = libraries.requireCublas();
    URL binding = CublasLibrary.class.getResource(BINDING);
    if (binding == null) {
      throw new UnsupportedOperationException(
          "cuBLAS cannot be called: the class path has no org.bytedeco:cuda for linux-x86_64");
    }
    try {
      // The binding finds both by their names among what the process has loaded.
      System.load(files.cublasLt().toString());
      System.load(files.cublas().toString());
      initialiseClasses();
      System.load(file(binding).toString());
      loaded = true;
    } catch (LinkageError failure) {
      throw new UnsupportedOperationException(
          "cuBLAS, found by "
              + files.source()
              + ", cannot be loaded: "
              + String.valueOf(failure.getMessage()).lines().findFirst().orElse("")
              + "; use the libraries of CUDA 13, or name their folder in "
              + CudaLibraries.GIVEN,
          failure);
    }
  }

  /** Initialises the classes of the binding while JavaCPP loads nothing for them. */
  private static void initialiseClasses() {
    String before = System.getProperty(SWITCH);
    System.setProperty(SWITCH, "false");
    try {
      for (Class<? extends Object> used :
          List.of(
              cublas.class,
              cublasLtMatmulAlgo_t.class,
              cublasLtMatmulDescOpaque_t.class,
              cublasLtMatmulHeuristicResult_t.class,
              cublasLtMatmulPreferenceOpaque_t.class,
              cublasLtMatrixLayoutOpaque_t.class)) {
        Class.forName(used.getName());
      }
    } catch (ClassNotFoundException impossible) {
      throw new NoClassDefFoundError(impossible.getMessage());
    } finally {
      if (before == null) {
        System.clearProperty(SWITCH);
      } else {
        System.setProperty(SWITCH, before);
      }
    }
  }

  /** A resource as a file; out of a jar it is copied to JavaCPP's cache first. */
  static Path file(URL resource) {
    try {
      if (resource.getProtocol().equals("file")) {
        return Path.of(resource.toURI());
      }
      File copy = Loader.cacheResource(resource);
      if (copy == null) {
        throw new IOException("cannot unpack " + resource);
      }
      return copy.toPath();
    } catch (URISyntaxException impossible) {
      throw new IllegalArgumentException(resource.toString(), impossible);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** The version in use, e.g. {@code 13.1.0}. */
  static String version() {
    long number = cublas.cublasLtGetVersion();
    return number / 10000 + "." + number % 10000 / 100 + "." + number % 100;
  }

  /**
   * Turns a status into an exception, which names {@code what} was called.
   *
   * @throws OutOfDeviceMemoryException if there was not enough memory; the backend stays usable
   * @throws UnsupportedOperationException if this GPU or this release cannot do it
   * @throws DeviceFailureException for everything else
   */
  static void check(int status, String what) {
    if (status == cublas.CUBLAS_STATUS_SUCCESS) {
      return;
    }
    String message =
        what + ": " + cublas.cublasLtGetStatusName(status).getString() + " (" + status + ")";
    switch (status) {
      case cublas.CUBLAS_STATUS_ALLOC_FAILED -> throw new OutOfDeviceMemoryException(message);
      case cublas.CUBLAS_STATUS_NOT_INITIALIZED,
          cublas.CUBLAS_STATUS_ARCH_MISMATCH,
          cublas.CUBLAS_STATUS_NOT_SUPPORTED ->
          throw new UnsupportedOperationException(message);
      default -> throw new DeviceFailureException(message);
    }
  }
}
