// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * A backend that does what another does, and adds up seconds, calls, floating-point operations and
 * bytes by the operations' names. So do its lanes, each for itself, as they work side by side;
 * their sums are added up when asked for.
 */
public final class TimedOperations {
  /**
   * Sums over the calls of one operation.
   *
   * @param seconds of every thread of the contexts that were called, at work or not
   * @param flops 0 where they are not counted
   * @param bytes read and written, as {@link OpCosts} has them; 0 where they are not counted
   */
  public record Sum(String name, long calls, double seconds, double flops, double bytes) {
    Sum and(Sum more) {
      return new Sum(
          name, calls + more.calls, seconds + more.seconds, flops + more.flops, bytes + more.bytes);
    }

    /** The method of the operation, whose name begins with it. */
    String method() {
      return name.split(" ")[0];
    }
  }

  /**
   * Calls of one operation of similar size.
   *
   * @param name of the operation
   * @param octave binary logarithm of the bytes of memory that a call concerns, a thread, rounded
   */
  public record Part(String name, int octave) {}

  /** One context, used by one thread at a time. */
  private final class Watch {
    final Backend backend;
    final int threads;
    final Map<String, Sum[]> sums = new HashMap<>(); // by name, then by octave

    Watch(Backend backend, int threads) {
      this.backend = backend;
      this.threads = threads;
    }

    Object call(Method method, Object[] args) throws Throwable {
      if (method.getName().equals("openLanes")) {
        return backend.openLanes().stream().map(lane -> watched(lane, 1)).toList();
      }
      long begin = System.nanoTime();
      try {
        return method.invoke(backend, args);
      } catch (InvocationTargetException failed) {
        throw failed.getCause();
      } finally {
        double seconds = (System.nanoTime() - begin) * 1e-9;
        if (method.getReturnType() == void.class && args != null) {
          add(method.getName(), args, seconds * threads);
        }
      }
    }

    private void add(String method, Object[] args, double seconds) {
      String name = names.apply(method, args);
      OpCosts.Cost cost = OpCosts.of(method, args);
      Sum sum = new Sum(name, 1, seconds, cost.flop(), cost.bytes());
      Sum[] octaves = sums.computeIfAbsent(name, first -> new Sum[Long.SIZE]);
      int octave = Math.getExponent(Math.sqrt(2) * Math.max(1, cost.footprint() / threads));
      octaves[octave] = octaves[octave] == null ? sum : octaves[octave].and(sum);
    }
  }

  private final List<Watch> watches = new ArrayList<>();
  private final BiFunction<String, Object[], String> names;
  private final Backend watched;

  /**
   * Watches a backend whose operations are done when they return.
   *
   * @param threads of the backend for which each second of a call counts
   * @param names of an operation by its method and the arguments of the call: the method, and after
   *     a space what tells such calls from others
   */
  public TimedOperations(Backend backend, int threads, BiFunction<String, Object[], String> names) {
    this.names = names;
    watched = watched(backend, threads);
  }

  /** To be used in the other's place. */
  public Backend watched() {
    return watched;
  }

  private Backend watched(Backend backend, int threads) {
    Watch watch = new Watch(backend, threads);
    watches.add(watch);
    Class<?>[] type = {Backend.class};
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            type,
            (proxy, method, args) -> watch.call(method, args));
  }

  /** Begins anew; nothing may be at work. */
  public void clear() {
    watches.forEach(watch -> watch.sums.clear());
  }

  /** Sums so far, calls of different sizes apart; nothing may be at work. */
  public Map<Part, Sum> parts() {
    Map<Part, Sum> parts = new LinkedHashMap<>();
    for (Watch watch : watches) {
      watch.sums.forEach(
          (name, octaves) -> {
            for (int octave = 0; octave < octaves.length; octave++) {
              if (octaves[octave] != null) {
                parts.merge(new Part(name, octave), octaves[octave], Sum::and);
              }
            }
          });
    }
    return parts;
  }

  /** Calls of all sizes together, the longest first. */
  public static List<Sum> byName(Map<Part, Sum> parts) {
    Map<String, Sum> byName = new LinkedHashMap<>();
    parts.forEach((part, sum) -> byName.merge(part.name, sum, Sum::and));
    List<Sum> sorted = new ArrayList<>(byName.values());
    sorted.sort(Comparator.comparingDouble(sum -> -sum.seconds()));
    return sorted;
  }
}
