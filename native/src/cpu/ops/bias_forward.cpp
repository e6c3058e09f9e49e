// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Adds one vector to every row.
///
///   x[t,d] += bias[d]
///
/// Shapes   x (T,D) in place; bias (D).
/// Numbers  |error| <= 2^-24 * (|x| + |bias|).
/// Cost     T*D additions, 8 T*D bytes: bound by memory.
/// Source   the definition.
void CpuDevice::bias_forward(int32_t T, int32_t D, const float* bias, float* x) {
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = x + t * D;
      for_lanes(D, [=](int64_t d, auto group) { store(row + d, load(row + d, group) + load(bias + d, group), group); });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
