// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "gelu.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gate of a feed-forward layer: out = gelu(gate) * up, in the tanh form of gelu.
///
///   out[i] = gate[i] * sigmoid(2 u) * up[i],  u = sqrt(2/pi) (gate[i] + 0.044715 gate[i]^3)
///
/// Shapes   gate, up, out (N); out may be gate
/// Numbers  float32; |error| <= (12 + 8 |u|) * 2^-24 * |out|, unless exp(-2|u|) is subnormal. NaN gives NaN.
/// Launch   elements over the threads.
/// Cost     about 25 operations an element; 12 bytes.
/// Source   Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2: 0.5 x (1 + tanh u) = x sigmoid(2 u); Shazeer 2020,
///          arXiv:2002.05202, eq. (6)
void CpuDevice::geglu_forward(int64_t N, const float* gate, const float* up, float* out) {
  const int64_t groups = (N + kLanes - 1) / kLanes;
  for_ranges(threads_, groups, N, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kLanes, last = end == groups ? N : end * kLanes;
    for_lanes(last - first, [&](int64_t i, auto lanes) {
      const Vec g = load(gate + first + i, lanes), twice = gelu_argument(g);
      const Vec gelu = g * sigmoid(twice, exp_of_minus_abs(twice));
      store(out + first + i, gelu * load(up + first + i, lanes), lanes);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
