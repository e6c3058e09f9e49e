// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.lwjgl.system.JNI;
import org.lwjgl.system.Library;
import org.lwjgl.system.SharedLibrary;

/**
 * How many threads OpenBLAS uses; the engine sets it to one. JavaCPP's own call of this kind
 * changes nothing here.
 */
final class OpenblasThreads {
  private OpenblasThreads() {}

  static void set(int threads) {
    Path binding = Path.of(Loader.load(openblas.class)); // loading it sets a number too
    try (SharedLibrary library =
        Library.loadNative(
            OpenblasThreads.class,
            "coppice",
            binding.resolveSibling("libopenblas.so.0").toString())) {
      JNI.invokeV(threads, library.getFunctionAddress("openblas_set_num_threads"));
    }
  }
}
