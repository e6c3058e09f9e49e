// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.libc.LibCString;

/**
 * What the machine can do, best of several tries: the rate of a large matrix product by OpenBLAS
 * and by the engine, and that of copying memory with all threads.
 *
 * @param openblasFlops of a product of order 2048, in operations a second; 0 for a GPU, whose
 *     product is the library's, of order 8192
 * @param ownFlops the same by {@link CoreOps#gemm}
 * @param copyBytes read and written a second
 */
record Rates(double openblasFlops, double ownFlops, double copyBytes) {
  private static final int ORDER = 2048;
  private static final long COPIED = 512L << 20; // far beyond any cache
  private static final long COPIED_WITHIN = 256L << 20; // by a thread in a try
  private static final int TRIES = 7;
  private static final int DEVICE_ORDER = 8192;
  private static final long DEVICE_COPIED = 1L << 30;
  private static final int QUEUED = 10;

  /** The better of the two products. */
  double flops() {
    return Math.max(openblasFlops, ownFlops);
  }

  /** Of the machine, or of a device of its own memory. */
  static Rates measured(NativeBackend.Device device, int threads) {
    if (device != NativeBackend.Device.CPU) {
      return ofDevice(device);
    }
    float[] values = new float[ORDER * ORDER];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new Rates(openblas(values, threads), own(values, threads), copy(threads));
  }

  private static double openblas(float[] values, int threads) {
    OpenblasThreads.set(threads);
    try (FloatPointer a = new FloatPointer(values);
        FloatPointer b = new FloatPointer(values);
        FloatPointer c = new FloatPointer((long) values.length)) {
      double seconds =
          best(
              () ->
                  openblas.cblas_sgemm(
                      openblas.CblasRowMajor,
                      openblas.CblasNoTrans,
                      openblas.CblasNoTrans,
                      ORDER,
                      ORDER,
                      ORDER,
                      1,
                      a,
                      ORDER,
                      b,
                      ORDER,
                      0,
                      c,
                      ORDER));
      return 2 * Math.pow(ORDER, 3) / seconds;
    } finally {
      OpenblasThreads.set(1);
    }
  }

  /** The engine's product is the device library's there, and its copy the driver's. */
  private static Rates ofDevice(NativeBackend.Device device) {
    long order = DEVICE_ORDER;
    try (Backend backend = OpBenchmark.open(device.name(), 1);
        Workspace work = backend.workspace(4 * (3 * order * order) + 2 * DEVICE_COPIED + 4096)) {
      Tensor a = work.f32(DEVICE_ORDER, DEVICE_ORDER);
      Tensor b = work.f32(DEVICE_ORDER, DEVICE_ORDER);
      Tensor c = work.f32(DEVICE_ORDER, DEVICE_ORDER);
      backend.fill(a, 0.5f);
      backend.fill(b, 0.25f);
      double product = queued(backend, () -> backend.gemm(false, false, 1, a, b, 0, c)) / QUEUED;
      Tensor from = work.f32((int) (DEVICE_COPIED / 4));
      Tensor to = work.f32((int) (DEVICE_COPIED / 4));
      backend.fill(from, 1);
      double copy = queued(backend, () -> to.copyFrom(from)) / QUEUED;
      return new Rates(0, 2 * Math.pow(order, 3) / product, 2.0 * DEVICE_COPIED / copy);
    }
  }

  /** Seconds of several calls, one queued after the other. */
  private static double queued(Backend backend, Runnable call) {
    return best(
        () -> {
          for (int i = 0; i < QUEUED; i++) {
            call.run();
          }
          backend.sync();
        });
  }

  private static double own(float[] values, int threads) {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads);
        Workspace work = backend.workspace(4L * 3 * values.length + 1024)) {
      Tensor a = work.f32(ORDER, ORDER);
      Tensor b = work.f32(ORDER, ORDER);
      Tensor c = work.f32(ORDER, ORDER);
      a.write(values);
      b.write(values);
      double seconds =
          best(
              () -> {
                backend.gemm(false, false, 1, a, b, 0, c);
                backend.sync();
              });
      return 2 * Math.pow(ORDER, 3) / seconds;
    }
  }

  private static double copy(int threads) {
    return copy(threads, COPIED / threads, 1);
  }

  /**
   * Bytes read and written a second by all threads at once, each copying again and again between
   * two buffers of its own.
   *
   * @param bytes of the two buffers of a thread together
   */
  static double copyWithin(int threads, long bytes) {
    return copy(threads, bytes / 2, (int) Math.max(1, COPIED_WITHIN / bytes));
  }

  private static double copy(int threads, long part, int times) {
    long from = MemoryUtil.nmemAlignedAllocChecked(64, threads * part);
    long to = MemoryUtil.nmemAlignedAllocChecked(64, threads * part);
    try {
      // Pages that nobody has written to are all the same one, which lies in a cache.
      MemoryUtil.memSet(from, 1, threads * part);
      MemoryUtil.memSet(to, 0, threads * part);
      double seconds =
          best(
              () -> {
                Thread[] copying = new Thread[threads];
                for (int i = 0; i < threads; i++) {
                  long at = i * part;
                  copying[i] = new Thread(() -> repeat(to + at, from + at, part, times));
                  copying[i].start();
                }
                for (Thread thread : copying) {
                  join(thread);
                }
              });
      return 2.0 * threads * part * times / seconds;
    } finally {
      MemoryUtil.nmemAlignedFree(from);
      MemoryUtil.nmemAlignedFree(to);
    }
  }

  private static void repeat(long to, long from, long bytes, int times) {
    for (int time = 0; time < times; time++) {
      LibCString.nmemcpy(to, from, bytes);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static double best(Runnable work) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < TRIES; i++) {
      long start = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - start) * 1e-9);
    }
    return best;
  }
}
