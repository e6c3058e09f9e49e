// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Adds a multiple of one array to another.
///
///   y[i] += alpha * x[i]
///
/// Shapes   x, y (N).
/// Numbers  |error| <= 2 * 2^-24 * (|alpha x[i]| + |y[i]|); one rounding with FMA.
/// Cost     N multiply-adds, 12 N bytes: bound by memory.
/// Source   the definition.
void CpuDevice::axpy(int64_t N, float alpha, const float* x, float* y) {
  for_ranges(threads_, N, N, [=](int64_t begin, int64_t end) {
    const Vec factor = splat(alpha);
    for_lanes(end - begin, [=](int64_t i, auto group) {
      store(y + begin + i, madd(factor, load(x + begin + i, group), load(y + begin + i, group)), group);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
