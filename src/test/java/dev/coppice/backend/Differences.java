// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * Central differences of operations of the reference backend, in float64: with step 1e-5 they are
 * good to about 1e-9 of the largest element.
 */
final class Differences implements AutoCloseable {
  static final double TOLERANCE = 1e-7;
  private static final double STEP = 1e-5;

  final Backend backend = new ReferenceBackend();
  private final List<Workspace> workspaces = new ArrayList<>();

  /** A tensor that holds these values. */
  Tensor of(double[] values, int... dims) {
    Tensor tensor = empty(dims);
    tensor.write(values);
    return tensor;
  }

  Tensor empty(int... dims) {
    Workspace work = backend.workspace(Workspace.plan(backend, a -> a.f32(dims)));
    workspaces.add(work);
    return work.f32(dims);
  }

  Tensor ids(int... values) {
    Workspace work = backend.workspace(Workspace.plan(backend, a -> a.i32(values.length)));
    workspaces.add(work);
    Tensor tensor = work.i32(values.length);
    tensor.write(values);
    return tensor;
  }

  @Override
  public void close() {
    workspaces.forEach(Workspace::close);
    backend.close();
  }

  static double[] gaussian(long seed, int count) {
    Random random = new Random(seed);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  /** {@code (f(x + h d) - f(x - h d)) / 2h}: the tangent of f at x along d. */
  static double[] tangent(UnaryOperator<double[]> f, double[] x, double[] d) {
    double[] ahead = f.apply(moved(x, d, STEP));
    double[] behind = f.apply(moved(x, d, -STEP));
    double[] slope = new double[ahead.length];
    for (int i = 0; i < slope.length; i++) {
      slope[i] = (ahead[i] - behind[i]) / (2 * STEP);
    }
    return slope;
  }

  /** The gradient of {@code c.f(x)}, element by element. */
  static double[] gradient(UnaryOperator<double[]> f, double[] x, double[] c) {
    double[] gradient = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double[] direction = new double[x.length];
      direction[i] = 1;
      gradient[i] = dot(c, tangent(f, x, direction));
    }
    return gradient;
  }

  private static double[] moved(double[] x, double[] d, double step) {
    double[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] += step * d[i];
    }
    return y;
  }

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  static double[] concat(double[]... parts) {
    int length = 0;
    for (double[] part : parts) {
      length += part.length;
    }
    double[] all = new double[length];
    int at = 0;
    for (double[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  /** The contents of tensors, end to end. */
  static double[] read(Tensor... tensors) {
    double[][] parts = new double[tensors.length][];
    for (int i = 0; i < tensors.length; i++) {
      parts[i] = tensors[i].doubles();
    }
    return concat(parts);
  }

  /** Cuts {@code all} into tensors of the given shapes, end to end. */
  Tensor[] split(double[] all, int[]... shapes) {
    Tensor[] parts = new Tensor[shapes.length];
    int at = 0;
    for (int i = 0; i < shapes.length; i++) {
      int size = Math.toIntExact(Tensor.elements(shapes[i]));
      parts[i] = of(Arrays.copyOfRange(all, at, at + size), shapes[i]);
      at += size;
    }
    return parts;
  }
}
