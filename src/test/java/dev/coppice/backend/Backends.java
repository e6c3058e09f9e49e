// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** The backends that are compared with {@link ReferenceBackend}. */
final class Backends {
  private Backends() {}

  /** The definition of every operation. */
  static final Candidate REFERENCE = new Candidate("reference", "reference", ReferenceBackend::new);

  /**
   * A backend of this machine.
   *
   * @param kind candidates of one kind must give the same bits
   * @param label tells them apart
   */
  record Candidate(String kind, String label, Supplier<Backend> opener) {
    Backend open() {
      return opener.get();
    }
  }

  /**
   * The CPU with one and with two threads, CUDA where there is a device, and the emulated device
   * with the schedules of {@code coppice.schedules} where its library is.
   *
   * @throws AssertionError if {@code coppice.require} names a device that cannot be opened
   */
  static List<Candidate> available() {
    List<Candidate> found = new ArrayList<>();
    for (int threads : new int[] {1, 2}) {
      found.add(candidate("cpu, threads " + threads, NativeBackend.Device.CPU, threads));
    }
    if (!doubled() && exists("cuda", Backends::onGpu)) {
      found.add(new Candidate("cuda", "cuda", Backends::onGpu));
    }
    if (exists("emulated", Backends::emulated)) {
      for (String schedule : System.getProperty("coppice.schedules", "1").split(",")) {
        String label = "emulated, schedule " + schedule;
        found.add(candidate(label, NativeBackend.Device.EMULATED, Integer.parseInt(schedule)));
      }
    }
    return found;
  }

  /**
   * The emulated device with its products by the double of cuBLAS, and so by the code that calls
   * cuBLAS on a GPU: with the limits of a run, and cut in many places.
   */
  static List<Candidate> withCublas() {
    List<Candidate> found = new ArrayList<>();
    if (!doubled() || !exists("emulated", Backends::emulated)) {
      return found;
    }
    CublasProduct.Limits cut = new CublasProduct.Limits(700, 32, 1 << 15);
    for (CublasProduct.Limits limits : List.of(CublasProduct.Limits.DEFAULT, cut)) {
      String kind = "emulated, cuBLAS, " + limits;
      found.add(new Candidate(kind, kind, () -> onDouble(Precision.FP32, limits)));
    }
    return found;
  }

  /** The emulated device with products by the double of cuBLAS. */
  static NativeBackend onDouble(Precision precision, CublasProduct.Limits limits) {
    return new NativeBackend(
        NativeBackend.Device.EMULATED, 4, precision, CudaLibraries.under(System.getenv()), limits);
  }

  private static Backend emulated() {
    return new NativeBackend(NativeBackend.Device.EMULATED, 1);
  }

  private static Backend onGpu() {
    return NativeBackend.onGpu(Precision.FP32, CudaLibraries.under(System.getenv()));
  }

  /** Whether cuBLAS is its double in this process, which then has no other. */
  static boolean doubled() {
    return !System.getenv().getOrDefault(CudaLibraries.GIVEN, "").isBlank();
  }

  private static Candidate candidate(String label, NativeBackend.Device device, int threads) {
    return new Candidate(device.name(), label, () -> new NativeBackend(device, threads));
  }

  private static boolean exists(String name, Supplier<Backend> opener) {
    try (Backend found = opener.get()) {
      return found.liveBytes() == 0;
    } catch (UnsupportedOperationException e) {
      if (Arrays.asList(System.getProperty("coppice.require", "").split(",")).contains(name)) {
        throw new AssertionError("-Dcoppice.require=" + name + ", but there is no such device", e);
      }
      return false;
    }
  }

  /** {@link #available} and the reference itself: for rules that hold for all. */
  static List<Candidate> all() {
    List<Candidate> found = new ArrayList<>(available());
    found.add(REFERENCE);
    return found;
  }
}
