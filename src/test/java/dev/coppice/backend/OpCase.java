// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One call of one operation: its arguments with their content, the call, and the error its results
 * may have. Run it with {@link OpRun}.
 */
final class OpCase {
  enum Role {
    IN,
    OUT,
    INOUT
  }

  /** What the outermost extent of an argument counts. */
  enum Outer {
    FIXED,
    ROWS,
    SAMPLES
  }

  /**
   * {@code values}: float[], int[], or short[] for the bits of BF16 and F16; null for an output.
   */
  record Arg(String name, Role role, DType dtype, int[] dims, Object values, Outer outer) {
    int size() {
      return Math.toIntExact(Tensor.elements(dims));
    }

    boolean half() {
      return dtype == DType.BF16 || dtype == DType.F16;
    }

    Arg counting(Outer what) {
      return new Arg(name, role, dtype, dims, values, what);
    }

    Arg with(Object content) {
      return new Arg(name, role, dtype, dims, content, outer);
    }

    /** Rows from..to-1 of the outermost axis. */
    Arg cut(int from, int to) {
      int[] shape = dims.clone();
      shape[0] = to - from;
      int row = dims[0] == 0 ? 0 : size() / dims[0];
      Object part = null;
      if (values instanceof float[] floats) {
        part = Arrays.copyOfRange(floats, from * row, to * row);
      } else if (values instanceof short[] bits) {
        part = Arrays.copyOfRange(bits, from * row, to * row);
      } else if (values instanceof int[] ints) {
        part = Arrays.copyOfRange(ints, from * row, to * row);
      }
      return new Arg(name, role, dtype, shape, part, outer);
    }
  }

  /** The operation, on tensors by name; an absent name is null. */
  interface Call {
    void on(Backend backend, Map<String, Tensor> tensors);
  }

  final String name;
  final Map<String, Arg> args = new LinkedHashMap<>();
  final Set<String> derived = new HashSet<>();
  final Set<String> free = new HashSet<>();
  private final Map<String, Rounded[]> numbers = new HashMap<>();
  boolean anyRank;
  Call call;
  private Function<OpCase, Map<String, double[]>> bounds = c -> Map.of();

  OpCase(String name) {
    this.name = name;
  }

  private OpCase put(String arg, Role role, DType dtype, Object values, int... dims) {
    args.put(arg, new Arg(arg, role, dtype, dims, values, Outer.FIXED));
    return this;
  }

  OpCase in(String arg, float[] values, int... dims) {
    return put(arg, Role.IN, DType.F32, values, dims);
  }

  /** An argument that may be null: left out when {@code present} is false. */
  OpCase in(boolean present, String arg, Supplier<float[]> values, int... dims) {
    return present ? in(arg, values.get(), dims) : this;
  }

  OpCase in(String arg, int[] values, int... dims) {
    return put(arg, Role.IN, DType.I32, values, dims);
  }

  OpCase half(String arg, DType dtype, short[] bits, int... dims) {
    return put(arg, Role.IN, dtype, bits, dims);
  }

  OpCase inOut(String arg, float[] values, int... dims) {
    return put(arg, Role.INOUT, DType.F32, values, dims);
  }

  OpCase out(String arg, int... dims) {
    return put(arg, Role.OUT, DType.F32, null, dims);
  }

  OpCase out(boolean present, String arg, int... dims) {
    return present ? out(arg, dims) : this;
  }

  OpCase outIds(String arg, int... dims) {
    return put(arg, Role.OUT, DType.I32, null, dims);
  }

  /** Arguments whose outermost extent counts rows, or packed positions. */
  OpCase rows(String... names) {
    return outer(Outer.ROWS, names);
  }

  /** Arguments whose outermost extent counts samples; {@code offsets} itself is not named. */
  OpCase samples(String... names) {
    return outer(Outer.SAMPLES, names);
  }

  private OpCase outer(Outer what, String... names) {
    for (String arg : names) {
      args.computeIfPresent(arg, (key, value) -> value.counting(what));
    }
    return this;
  }

  /** Inputs that a kernel may compute again instead of reading them: NaN need not pass through. */
  OpCase derived(String... names) {
    derived.addAll(List.of(names));
    return this;
  }

  /** Arguments whose outermost extent no other argument repeats. */
  OpCase free(String... names) {
    for (String arg : names) {
      freeAxis(arg, 0);
    }
    return this;
  }

  /** An extent that no other argument repeats. */
  OpCase freeAxis(String arg, int axis) {
    free.add(arg + axis);
    return this;
  }

  /** Only the sizes must agree. */
  OpCase anyRank() {
    anyRank = true;
    return this;
  }

  OpCase call(Call operation) {
    call = operation;
    return this;
  }

  /** Absolute error allowed in each element of each float result; absent: exact. */
  OpCase bounds(Function<OpCase, Map<String, double[]>> perResult) {
    bounds = perResult;
    return this;
  }

  /**
   * The bound {@code depth 2^-24 M} for every result, M being the reference's result of the same
   * call on absolute values: right where results are sums of products with positive factors.
   */
  OpCase depth(double depth) {
    return depth(depth, OpCase::absolute);
  }

  /** As {@link #depth(double)}, with another case that computes M. */
  OpCase depth(double depth, Function<OpCase, OpCase> magnitude) {
    return bounds(
        c -> {
          Map<String, double[]> limits = new LinkedHashMap<>();
          OpRun.onReference(magnitude.apply(c))
              .floats()
              .forEach(
                  (result, m) ->
                      limits.put(
                          result,
                          Arrays.stream(m).map(x -> depth * Rounded.UNIT * Math.abs(x)).toArray()));
          return limits;
        });
  }

  /** Bounds by running error analysis: the error of each element of each result. */
  OpCase rounded(Function<OpCase, Map<String, Rounded[]>> analysis) {
    return bounds(
        c -> {
          Map<String, double[]> limits = new LinkedHashMap<>();
          analysis.apply(c).forEach((result, r) -> limits.put(result, Rounded.errors(r)));
          return limits;
        });
  }

  Map<String, double[]> bounds() {
    return bounds.apply(this);
  }

  float[] floats(String arg) {
    return args.containsKey(arg) ? (float[]) args.get(arg).values() : null;
  }

  int[] ints(String arg) {
    return args.containsKey(arg) ? (int[]) args.get(arg).values() : null;
  }

  /** Content as exact numbers; null for an absent argument and for an output. */
  Rounded[] exact(String arg) {
    return floats(arg) != null
        ? numbers.computeIfAbsent(arg, key -> Rounded.exact(floats(key)))
        : null;
  }

  int dim(String arg, int axis) {
    return args.get(arg).dims()[axis];
  }

  /** The same case with other arguments. */
  OpCase with(List<Arg> others) {
    OpCase copy = new OpCase(name);
    copy.args.putAll(args);
    for (Arg arg : others) {
      copy.args.put(arg.name(), arg);
    }
    copy.derived.addAll(derived);
    copy.free.addAll(free);
    copy.anyRank = anyRank;
    copy.call = call;
    copy.bounds = bounds;
    return copy;
  }

  /** The same case on absolute float inputs. */
  OpCase absolute() {
    List<Arg> positive = new ArrayList<>();
    for (Arg arg : args.values()) {
      if (arg.values() instanceof float[] floats) {
        float[] values = new float[floats.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.abs(floats[i]);
        }
        positive.add(arg.with(values));
      } else if (arg.values() instanceof short[] bits) {
        short[] values = bits.clone();
        for (int i = 0; i < values.length; i++) {
          values[i] &= 0x7fff;
        }
        positive.add(arg.with(values));
      }
    }
    return with(positive);
  }

  /** How many parts {@link #part} has: samples where there are offsets, else rows. */
  int parts() {
    if (args.containsKey("offsets")) {
      return dim("offsets", 0) - 1;
    }
    return args.values().stream()
        .filter(arg -> arg.outer() == Outer.ROWS)
        .mapToInt(arg -> arg.dims()[0])
        .findFirst()
        .orElseThrow();
  }

  /** First packed row of part b; row b itself where there are no offsets. */
  int start(int b) {
    return args.containsKey("offsets") ? ints("offsets")[b] : b;
  }

  /** The same call with sample (or row) b alone. */
  OpCase part(int b) {
    List<Arg> cut = new ArrayList<>();
    for (Arg arg : args.values()) {
      if (arg.outer() == Outer.ROWS) {
        cut.add(arg.cut(start(b), start(b + 1)));
      } else if (arg.outer() == Outer.SAMPLES) {
        cut.add(arg.cut(b, b + 1));
      } else if (arg.name().equals("offsets")) {
        int[] alone = {0, start(b + 1) - start(b)};
        cut.add(new Arg("offsets", Role.IN, DType.I32, new int[] {2}, alone, Outer.FIXED));
      }
    }
    return with(cut);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name);
    args.forEach(
        (arg, value) ->
            text.append(' ')
                .append(arg)
                .append(value.half() ? value.dtype() : "")
                .append(Arrays.toString(value.dims()).replace(" ", "")));
    return text.toString();
  }
}
