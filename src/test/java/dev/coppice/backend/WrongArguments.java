// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors that an operation must refuse in place of one of its arguments. */
final class WrongArguments {
  private WrongArguments() {}

  /**
   * Each wrong tensor by what is wrong with it.
   *
   * @param more memory of the backend under test
   * @param strange memory of another backend
   */
  static Map<String, Tensor> of(OpCase op, OpCase.Arg arg, Allocator more, Allocator strange) {
    Map<String, Tensor> wrong = new LinkedHashMap<>();
    int[] dims = arg.dims();
    DType stored = arg.half() ? DType.F32 : arg.dtype();
    for (int axis = 0; axis < dims.length; axis++) {
      if (op.free.contains(arg.name() + axis)) {
        continue;
      }
      int[] larger = dims.clone();
      larger[axis]++;
      wrong.put("with axis " + axis + " larger", more.tensor(stored, larger));
      int[] smaller = dims.clone();
      smaller[axis]--;
      wrong.put("with axis " + axis + " smaller", more.tensor(stored, smaller));
    }
    DType other = arg.dtype() == DType.I32 ? DType.F32 : DType.I32;
    wrong.put("of type " + other, more.tensor(other, dims));
    if (!op.anyRank) {
      int[] deeper = new int[dims.length + 1];
      deeper[0] = 1;
      System.arraycopy(dims, 0, deeper, 1, dims.length);
      wrong.put("of another rank", more.tensor(stored, deeper));
    }
    wrong.put("of another backend", strange.tensor(stored, dims));
    return wrong;
  }
}
