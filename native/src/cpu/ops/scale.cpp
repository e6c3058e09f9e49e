// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Multiplies an array by a number, in place.
///
///   x[i] *= alpha
///
/// Shapes   x (N)
/// Numbers  one rounding. NaN gives NaN.
/// Launch   elements over the threads.
/// Cost     N products, 8 N bytes: bound by memory.
/// Source   the definition
void CpuDevice::scale(int64_t N, float alpha, float* x) {
  for_ranges(threads_, N, N, [=](int64_t begin, int64_t end) {
    for_lanes(end - begin,
              [=](int64_t i, auto group) { store(x + begin + i, alpha * load(x + begin + i, group), group); });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
