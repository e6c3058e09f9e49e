// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "logistic.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gate of a feed-forward layer: out = silu(gate) * up.
///
///   out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
///
/// Shapes   gate, up, out (N); out may be gate
/// Numbers  float32; |error| <= 8 * 2^-24 * |out|, unless exp(-|gate|) is subnormal. NaN gives NaN.
/// Launch   elements over the threads.
/// Cost     about 20 operations an element; 12 bytes.
/// Source   Shazeer 2020, arXiv:2002.05202, eq. (6)
void CpuDevice::swiglu_forward(int64_t N, const float* gate, const float* up, float* out) {
  const int64_t groups = (N + kLanes - 1) / kLanes;
  for_ranges(threads_, groups, N, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kLanes, last = end == groups ? N : end * kLanes;
    for_lanes(last - first, [&](int64_t i, auto lanes) {
      const Vec g = load(gate + first + i, lanes);
      const Vec silu = g * sigmoid(g, exp_of_minus_abs(g));
      store(out + first + i, silu * load(up + first + i, lanes), lanes);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
