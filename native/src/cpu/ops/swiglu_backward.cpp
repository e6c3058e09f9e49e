// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "logistic.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gradients of swiglu_forward.
///
///   dgate = dout * up * silu'(gate),  dup = dout * silu(gate);  silu'(g) = s + g * s * (1 - s), s = sigmoid(g)
///
/// Shapes   all (N); dgate may be gate, dup may be up
/// Numbers  float32; |error| <= 12 * 2^-24 * (s + |g| s (1 - s)) * |dout * up| for dgate, 8 * 2^-24 of dup. 1 - s is
///          sigmoid(-g), so nothing cancels but the sum itself. NaN gives NaN.
/// Launch   elements over the threads.
/// Cost     about 30 operations an element; 20 bytes.
/// Source   the derivative of Shazeer 2020, arXiv:2002.05202, eq. (6)
void CpuDevice::swiglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                                float* dup) {
  const int64_t groups = (N + kLanes - 1) / kLanes;
  for_ranges(threads_, groups, N, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kLanes, last = end == groups ? N : end * kLanes;
    for_lanes(last - first, [&](int64_t i, auto lanes) {
      const Vec g = load(gate + first + i, lanes), u = load(up + first + i, lanes);
      const Vec d = load(dout + first + i, lanes), e = exp_of_minus_abs(g);
      const Vec s = sigmoid(g, e), silu = g * s;
      store(dgate + first + i, d * u * madd(silu, sigmoid(-g, e), s), lanes);
      store(dup + first + i, d * silu, lanes);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
