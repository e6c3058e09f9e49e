// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Every operation that is timed, by name: how its call is made at a size. */
final class OpTable {
  private static final Map<String, Function<OpSize, TimedOp>> OPS = new LinkedHashMap<>();

  static {
    CoreTimings.add(OPS);
    AttentionTimings.add(OPS);
    SurrogateTimings.add(OPS);
    InfluenceTimings.add(OPS);
    LanguageTimings.add(OPS);
  }

  private OpTable() {}

  static Set<String> names() {
    return OPS.keySet();
  }

  static TimedOp at(String name, OpSize size) {
    Function<OpSize, TimedOp> op = OPS.get(name);
    if (op == null) {
      throw new IllegalArgumentException("no operation " + name + " among " + names());
    }
    return op.apply(size);
  }

  /** Operations of the interfaces that nothing here times; there should be none. */
  static Set<String> missing() {
    Set<String> missing = new TreeSet<>();
    for (Class<?> ops :
        new Class<?>[] {CoreOps.class, SurrogateOps.class, InfluenceOps.class, LanguageOps.class}) {
      for (Method method : ops.getDeclaredMethods()) {
        if (Modifier.isAbstract(method.getModifiers())) {
          missing.add(method.getName());
        }
      }
    }
    names().forEach(name -> missing.remove(name.split(" ")[0]));
    return missing;
  }
}
