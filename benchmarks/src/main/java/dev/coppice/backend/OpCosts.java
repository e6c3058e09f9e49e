// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;

/**
 * What operations cost by their sizes. An exponential, a root and a random word count as one
 * floating-point operation; bytes are those of every argument once, of what is read and overwritten
 * twice, and of tables only of the rows that are named.
 */
final class OpCosts {
  /**
   * Of one call.
   *
   * @param bytes read and written
   * @param footprint bytes of memory that this concerns
   */
  record Cost(double flop, double bytes, double footprint) {
    static final Cost UNCOUNTED = new Cost(0, 0, 0);
  }

  /** Operations an element, of the argument that has the elements. */
  private record Each(int flop, int argument) {}

  private static final Map<String, Each> EACH =
      Map.ofEntries(
          Map.entry("axpy", new Each(2, 1)),
          Map.entry("scale", new Each(1, 1)),
          Map.entry("fill", new Each(0, 0)),
          Map.entry("convert", new Each(0, 0)),
          Map.entry("dropoutForward", new Each(2, 0)),
          Map.entry("biasForward", new Each(1, 1)),
          Map.entry("biasBackward", new Each(1, 0)),
          Map.entry("embeddingForward", new Each(0, 3)),
          Map.entry("segmentSum", new Each(2, 1)),
          Map.entry("segmentDot", new Each(2, 1)),
          Map.entry("rowOuter", new Each(1, 2)),
          Map.entry("rowSquare", new Each(1, 1)),
          Map.entry("biasReluForward", new Each(2, 0)),
          Map.entry("biasReluBackward", new Each(2, 0)),
          Map.entry("biasReluForwardJvp", new Each(2, 0)),
          Map.entry("residualLayerNormForward", new Each(9, 0)),
          Map.entry("residualLayerNormBackward", new Each(13, 0)),
          Map.entry("residualLayerNormForwardJvp", new Each(8, 0)),
          Map.entry("residualLayerNormBackwardJvp", new Each(20, 0)),
          Map.entry("sampledBceForward", new Each(8, 0)),
          Map.entry("sampledBceBackward", new Each(4, 5)),
          Map.entry("sampledBceJvp", new Each(12, 0)),
          Map.entry("adamStep", new Each(12, 0)),
          Map.entry("rmsNormForward", new Each(4, 0)),
          Map.entry("rmsNormBackward", new Each(8, 0)),
          Map.entry("ropeForward", new Each(3, 4)),
          Map.entry("swigluForward", new Each(4, 0)),
          Map.entry("swigluBackward", new Each(9, 0)),
          Map.entry("gegluForward", new Each(7, 0)),
          Map.entry("gegluBackward", new Each(15, 0)),
          Map.entry("crossEntropy", new Each(5, 3)));

  /** Products of the lower triangles of attention matrices with rows of a head. */
  private static final Map<String, Integer> ATTENTION =
      Map.of(
          "attentionForward", 2,
          "attentionBackward", 5,
          "attentionForwardJvp", 5,
          "attentionBackwardJvp", 13);

  private static final int ONLY_V = 2; // of the products of a backward pass
  private static final int DQ = 10; // argument of a backward pass

  /** Arguments that are read and overwritten. */
  private static final Map<String, int[]> IN_OUT =
      Map.of(
          "axpy", new int[] {2},
          "scale", new int[] {1},
          "biasForward", new int[] {1},
          "adamStep", new int[] {0, 2, 3},
          "ropeForward", new int[] {4},
          "crossEntropy", new int[] {3});

  private static final int[] NONE = {};

  private OpCosts() {}

  /** Whether calls of the method can be counted. */
  static boolean counts(String method) {
    return EACH.containsKey(method)
        || ATTENTION.containsKey(method)
        || switch (method) {
          case "gemm", "embeddingBackward", "linearGradSqNorm", "linearGradSquares" -> true;
          default -> false;
        };
  }

  /** Of a call with these arguments, whose offsets are read; nothing where it is not counted. */
  static Cost of(String method, Object[] args) {
    if (!counts(method)) {
      return Cost.UNCOUNTED;
    }
    double bytes = bytes(method, args);
    return new Cost(flop(method, args), bytes, bytes - again(method, args) - aliases(args));
  }

  /** Operations an element. */
  static double each(String method) {
    return EACH.get(method).flop;
  }

  /** Of a product with so many results, each a sum of {@code inner} products. */
  static double gemm(double results, double inner) {
    return 2 * results * inner;
  }

  /** The inner width of a call of {@code gemm}. */
  static int inner(Object[] gemm) {
    return tensor(gemm, 3).dim((boolean) gemm[0] ? 0 : 1);
  }

  /**
   * Of attention forward or backward, or of its tangent.
   *
   * @param lengths of the samples
   * @param width of all heads together
   * @param onlyV of a backward pass: no gradients of queries and keys
   */
  static double attention(String method, int[] lengths, double width, boolean onlyV) {
    double pairs = 0;
    for (int n : lengths) {
      pairs += n * (n + 1.0) / 2;
    }
    return 2 * pairs * width * (onlyV ? ONLY_V : ATTENTION.get(method));
  }

  /** Of squared norms, or squares, of weight gradients (O,I) of so many samples. */
  static double squares(double elements, double positions, double samples) {
    return 2 * elements * (positions + samples);
  }

  /** Of adding so many rows to others. */
  static double scatter(double added, double width) {
    return 2 * added * width;
  }

  /** Bytes of rows that are read from a float32 table, and of their numbers. */
  static double gatherBytes(double positions, double width, boolean accumulate) {
    return 4 * positions + (accumulate ? 12 : 8) * positions * width;
  }

  /** Bytes of the rows that are added and of those that they are added to, with their lists. */
  static double scatterBytes(double touched, double added, double width, boolean coefficients) {
    double lists = 8 * touched + (coefficients ? 8 : 4) * added;
    return lists + 4 * added * width + 8 * touched * width;
  }

  /** Bytes by which the rows of two items a position differ from the table. */
  static double twoRowsForTable(double positions, double width, double items) {
    return 8 * positions * width - 4 * items * width;
  }

  private static double flop(String method, Object[] args) {
    Each each = EACH.get(method);
    if (each != null) {
      return (double) each.flop * tensor(args, each.argument).size();
    }
    return switch (method) {
      case "gemm" -> gemm(tensor(args, 6).size(), inner(args));
      case "embeddingBackward" -> scatter(tensor(args, 2).size(), tensor(args, 4).dim(1));
      case "linearGradSqNorm", "linearGradSquares" -> {
        Tensor act = tensor(args, 1);
        double elements = (double) act.dim(1) * tensor(args, 2).dim(1);
        yield squares(elements, act.dim(0), tensor(args, 0).size() - 1);
      }
      default -> {
        int[] offsets = tensor(args, 0).ints();
        int[] lengths = new int[offsets.length - 1];
        for (int i = 0; i < lengths.length; i++) {
          lengths[i] = offsets[i + 1] - offsets[i];
        }
        Tensor q = tensor(args, 1);
        boolean onlyV = method.equals("attentionBackward") && args[DQ] == null;
        yield attention(method, lengths, (double) q.dim(1) * q.dim(2), onlyV);
      }
    };
  }

  private static double bytes(String method, Object[] args) {
    return switch (method) {
      case "embeddingForward" -> {
        Tensor out = tensor(args, 3);
        yield gatherBytes(out.dim(0), out.dim(1), (boolean) args[2]);
      }
      case "embeddingBackward" ->
          scatterBytes(
              tensor(args, 0).size(),
              tensor(args, 2).size(),
              tensor(args, 4).dim(1),
              args[3] != null);
      case "sampledBceForward" -> once(args) + twoRowsForTable(args, 0, 1);
      case "sampledBceBackward" -> once(args) + twoRowsForTable(args, 5, 2);
      case "sampledBceJvp" ->
          once(args)
              + twoRowsForTable(args, 0, 2)
              + (args[3] == null ? 0 : twoRowsForTable(args, 0, 3));
      default -> once(args) + again(method, args);
    };
  }

  private static double twoRowsForTable(Object[] args, int hidden, int table) {
    Tensor h = tensor(args, hidden);
    return twoRowsForTable(h.dim(0), h.dim(1), tensor(args, table).dim(0));
  }

  private static double once(Object[] args) {
    double bytes = 0;
    for (Object arg : args) {
      bytes += arg instanceof Tensor tensor ? bytes(tensor) : 0;
    }
    return bytes;
  }

  /** Bytes of what is read and overwritten. */
  private static double again(String method, Object[] args) {
    if (method.equals("gemm")) {
      return (float) args[5] == 0 ? 0 : bytes(tensor(args, 6));
    }
    if (method.equals("rmsNormBackward")) {
      return (boolean) args[4] ? bytes(tensor(args, 5)) : 0;
    }
    double bytes = 0;
    for (int number : IN_OUT.getOrDefault(method, NONE)) {
      bytes += bytes(tensor(args, number));
    }
    return bytes;
  }

  /** Bytes of results that lie where an argument does. */
  private static double aliases(Object[] args) {
    double bytes = 0;
    for (int i = 1; i < args.length; i++) {
      if (args[i] instanceof Tensor result) {
        bytes += starts(args, i, result.address()) ? bytes(result) : 0;
      }
    }
    return bytes;
  }

  /** Whether one of the first arguments starts at an address. */
  private static boolean starts(Object[] args, int first, long address) {
    for (int i = 0; i < first; i++) {
      if (args[i] instanceof Tensor tensor && tensor.address() == address) {
        return true;
      }
    }
    return false;
  }

  private static double bytes(Tensor tensor) {
    return (double) tensor.size() * tensor.width();
  }

  private static Tensor tensor(Object[] args, int number) {
    return (Tensor) args[number];
  }
}
