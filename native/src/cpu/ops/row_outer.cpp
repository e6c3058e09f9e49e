// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The outer product of each pair of rows: the gradient of a linear layer's weight at each position.
///
///   out[t, o*I + i] = delta[t,o] * act[t,i]
///
/// Shapes   act (T,I); delta (T,O); out (T,O*I).
/// Numbers  |error| <= 2^-24 * |out|.
/// Cost     T*O*I products, 4 T*O*I bytes written: bound by memory.
/// Source   the definition.
void CpuDevice::row_outer(int32_t T, int32_t I, int32_t O, const float* act, const float* delta, float* out) {
  const int64_t rows = int64_t{T} * O;
  for_ranges(threads_, rows, rows * I, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* in = act + r / O * I;
      float* row = out + r * I;
      const Vec factor = splat(delta[r]);
      for_lanes(I, [=](int64_t i, auto group) { store(row + i, factor * load(in + i, group), group); });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
