// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.cop_fault_arm;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.OpCase.Arg;
import dev.coppice.backend.OpRun.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every operation must do on every backend; a subclass names the operation and its cases. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OpParityTest {

  /** Cases of every size that matters, signed and absolute, with and without what may be null. */
  abstract Stream<OpCase> cases();

  /** One small case of each form; every extent at least 2. */
  abstract Stream<OpCase> small();

  /** Cases whose samples (or rows) must not influence each other, not even their rounding. */
  abstract Stream<OpCase> separable();

  /** What is compared with the reference. */
  List<Backends.Candidate> candidates() {
    return Backends.available();
  }

  private List<Backends.Candidate> all() {
    List<Backends.Candidate> all = new ArrayList<>(candidates());
    all.add(Backends.REFERENCE);
    return all;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithReference(OpCase op) {
    Outcome expected = OpRun.onReference(op);
    Map<String, double[]> bounds = op.bounds();
    Map<String, Outcome> first = new HashMap<>();
    for (Backends.Candidate candidate : candidates()) {
      try (Backend backend = candidate.open()) {
        String on = op + " on " + candidate.label();
        Outcome actual = OpRun.outcome(backend, op);
        assertAgrees(on, expected, actual, bounds);
        assertSame(on + ", second run", actual, OpRun.outcome(backend, op));
        first.putIfAbsent(candidate.kind(), actual);
        assertSame(on + ", other threads", first.get(candidate.kind()), actual);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("separable")
  void batchEqualsItsPartsAlone(OpCase op) {
    for (Backends.Candidate candidate : all()) {
      try (Backend backend = candidate.open()) {
        Outcome whole = OpRun.outcome(backend, op);
        for (int b = 0; b < op.parts(); b++) {
          OpCase part = op.part(b);
          assertSame(
              op + ", part " + b + " on " + candidate.label(),
              cut(op, whole, b),
              OpRun.outcome(backend, part));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("small")
  void refusesWrongArgumentsAndWritesNothing(OpCase op) {
    for (Backends.Candidate candidate : all()) {
      try (Backend backend = candidate.open();
          Backend other = new ReferenceBackend();
          Workspace strange = other.workspace(1 << 20);
          Workspace more = backend.workspace(1 << 20);
          OpRun run = new OpRun(backend, op)) {
        for (Arg arg : op.args.values()) {
          WrongArguments.of(op, arg, more, strange)
              .forEach(
                  (what, wrong) -> {
                    Map<String, Tensor> tensors = new LinkedHashMap<>(run.tensors);
                    tensors.put(arg.name(), wrong);
                    assertThrows(
                        IllegalArgumentException.class,
                        () -> op.call.on(backend, tensors),
                        () -> op + ": " + arg.name() + " " + what + " on " + candidate.label());
                    run.assertNothingWritten();
                  });
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("small")
  void nanReachesExactlyTheResultsItShould(OpCase op) {
    for (Arg arg : op.args.values()) {
      if (!(arg.values() instanceof float[]) || op.derived.contains(arg.name())) {
        continue;
      }
      boolean reached = false;
      int step = Math.max(1, arg.size() / 12);
      for (int i = 0; i < arg.size(); i += step) {
        OpCase poisoned = op.with(List.of(arg.with(poisoned((float[]) arg.values(), i))));
        Outcome expected = OpRun.onReference(poisoned);
        reached |= nans(expected).values().stream().anyMatch(set -> set.length > 0);
        for (Backends.Candidate candidate : candidates()) {
          String what = op + ": NaN in " + arg.name() + "[" + i + "] on " + candidate.label();
          try (Backend backend = candidate.open()) {
            Map<String, int[]> actual = nans(OpRun.outcome(backend, poisoned));
            nans(expected).forEach((name, set) -> assertArrayEquals(set, actual.get(name), what));
          }
        }
      }
      assertTrue(reached || expectsNoFloats(op), op + ": no NaN in " + arg.name() + " had effect");
    }
  }

  @Test
  void survivesEveryInjectedFault() {
    OpCase op = small().findFirst().orElseThrow();
    for (Backends.Candidate candidate : candidates()) {
      try (Backend backend = candidate.open()) {
        Outcome expected = OpRun.outcome(backend, op);
        for (String point : new String[] {"alloc", "upload", "launch", "download"}) {
          String on = op + " at " + point + " on " + candidate.label();
          int faults = faults(backend, op, point, on);
          assertTrue(faults > 0, "no fault injected: " + on);
          assertSame(on, expected, OpRun.outcome(backend, op));
        }
      }
    }
  }

  /** Makes the n-th pass through a point fail, for n = 1, 2, ... until there is no n-th pass. */
  private static int faults(Backend backend, OpCase op, String point, String on) {
    for (int n = 1; ; n++) {
      NativeBackend.check(cop_fault_arm(point, n, 2));
      try {
        OpRun.outcome(backend, op);
        NativeBackend.check(cop_fault_arm(point, 0, 2));
        return n - 1;
      } catch (OutOfDeviceMemoryException e) {
        assertTrue(e.getMessage().contains("injected fault at " + point), e.getMessage());
        assertEquals(0, backend.liveBytes(), "leak after a fault: " + on);
      }
    }
  }

  private static boolean expectsNoFloats(OpCase op) {
    return op.args.values().stream()
        .noneMatch(arg -> arg.role() != OpCase.Role.IN && arg.dtype() == DType.F32);
  }

  private static float[] poisoned(float[] values, int at) {
    float[] copy = values.clone();
    copy[at] = Float.NaN;
    return copy;
  }

  /** Positions of NaN in each result. */
  private static Map<String, int[]> nans(Outcome outcome) {
    Map<String, int[]> found = new LinkedHashMap<>();
    outcome
        .floats()
        .forEach(
            (name, values) ->
                found.put(
                    name,
                    IntStream.range(0, values.length)
                        .filter(i -> Double.isNaN(values[i]))
                        .toArray()));
    return found;
  }

  private static void assertAgrees(
      String what, Outcome expected, Outcome actual, Map<String, double[]> bounds) {
    expected
        .floats()
        .forEach(
            (name, values) ->
                Tolerance.assertWithin(
                    what + ": " + name,
                    values,
                    actual.floats().get(name),
                    bounds.getOrDefault(name, new double[values.length])));
    expected
        .ids()
        .forEach((name, ids) -> assertArrayEquals(ids, actual.ids().get(name), what + name));
  }

  private static void assertSame(String what, Outcome expected, Outcome actual) {
    assertEquals(expected.floats().keySet(), actual.floats().keySet(), what);
    expected
        .floats()
        .forEach(
            (name, values) ->
                Tolerance.assertSameBits(what + ": " + name, values, actual.floats().get(name)));
    expected
        .ids()
        .forEach((name, ids) -> assertArrayEquals(ids, actual.ids().get(name), what + name));
  }

  /** What part b of a batch's outcome is: outputs that count rows or samples, cut. */
  private static Outcome cut(OpCase op, Outcome whole, int b) {
    Outcome part = new Outcome(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (Arg arg : op.args.values()) {
      if (arg.role() == OpCase.Role.IN) {
        continue;
      }
      assertTrue(arg.outer() != OpCase.Outer.FIXED, arg.name() + " has no parts");
      boolean rows = arg.outer() == OpCase.Outer.ROWS;
      int from = rows ? op.start(b) : b;
      int to = rows ? op.start(b + 1) : b + 1;
      int row = arg.size() / arg.dims()[0];
      if (arg.dtype() == DType.F32) {
        double[] values = whole.floats().get(arg.name());
        part.floats().put(arg.name(), Arrays.copyOfRange(values, from * row, to * row));
      } else {
        int[] values = whole.ids().get(arg.name());
        part.ids().put(arg.name(), Arrays.copyOfRange(values, from * row, to * row));
      }
    }
    return part;
  }
}
