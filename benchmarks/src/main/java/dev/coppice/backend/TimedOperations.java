// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A backend that does what another does, and adds up seconds, calls and floating-point operations
 * by the operations' names. Products whose inner or outer width is that of an adapter have a name
 * of their own.
 */
public final class TimedOperations {
  /** Products this thin are those of adapters. */
  private static final int THIN = 64;

  /** Sums over the calls of one operation; {@code flops} is 0 where they are not counted. */
  public record Sum(String name, long calls, double seconds, double flops) {
    private Sum and(double moreSeconds, double moreFlops) {
      return new Sum(name, calls + 1, seconds + moreSeconds, flops + moreFlops);
    }
  }

  private final Backend backend;
  private final Map<String, Sum> sums = new LinkedHashMap<>();

  /** Watches a backend whose operations are done when they return. */
  public TimedOperations(Backend backend) {
    this.backend = backend;
  }

  /** To be used in the other's place. */
  public Backend watched() {
    Class<?>[] type = {Backend.class};
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), type, (proxy, method, args) -> call(method, args));
  }

  private Object call(Method method, Object[] args) throws Throwable {
    long begin = System.nanoTime();
    try {
      return method.invoke(backend, args);
    } catch (InvocationTargetException failed) {
      throw failed.getCause();
    } finally {
      double seconds = (System.nanoTime() - begin) * 1e-9;
      if (method.getReturnType() == void.class && args != null) {
        String name = name(method.getName(), args);
        Sum before = sums.getOrDefault(name, new Sum(name, 0, 0, 0));
        sums.put(name, before.and(seconds, flops(method.getName(), args)));
      }
    }
  }

  /** Begins anew. */
  public void clear() {
    sums.clear();
  }

  /** Sums so far, the longest first. */
  public List<Sum> sums() {
    List<Sum> sorted = new ArrayList<>(sums.values());
    sorted.sort(Comparator.comparingDouble(sum -> -sum.seconds()));
    return sorted;
  }

  private static String name(String method, Object[] args) {
    return method.equals("gemm") && thin(args) ? "gemm of adapters" : method;
  }

  private static int inner(Object[] gemm) {
    return ((Tensor) gemm[3]).dim((boolean) gemm[0] ? 0 : 1);
  }

  private static boolean thin(Object[] gemm) {
    return inner(gemm) <= THIN || ((Tensor) gemm[6]).dim(1) <= THIN;
  }

  private static double flops(String method, Object[] args) {
    return switch (method) {
      case "gemm" -> 2.0 * ((Tensor) args[6]).size() * inner(args);
      case "attentionForward" -> attention(args, 4);
      case "attentionBackward" -> attention(args, args[10] == null ? 4 : 10);
      default -> 0;
    };
  }

  /** {@code perPair} operations a pair of positions, head and channel. */
  private static double attention(Object[] args, int perPair) {
    int[] offsets = ((Tensor) args[0]).ints();
    Tensor q = (Tensor) args[1];
    double pairs =
        IntStream.range(1, offsets.length)
            .mapToDouble(i -> offsets[i] - offsets[i - 1])
            .map(length -> length * (length + 1) / 2)
            .sum();
    return perPair * pairs * q.dim(1) * q.dim(2);
  }
}
