// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "gelu.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gradients of geglu_forward.
///
///   dgate = dout * up * gelu'(gate),  dup = dout * gelu(gate);  gelu'(g) = s + g s (1 - s) v', s = sigmoid(v),
///   v = 2 sqrt(2/pi) (g + 0.044715 g^3)
///
/// Shapes   all (N); dgate may be gate, dup may be up
/// Numbers  float32; |error| <= (16 + 8 |v|) * 2^-24 * (s + |g| s (1 - s) v') |dout * up| for dgate, and that of
///          geglu_forward for dup. 1 - s is sigmoid(-v), so nothing cancels but the sum itself. NaN gives NaN.
/// Launch   elements over the threads.
/// Cost     about 40 operations an element; 20 bytes.
/// Source   the derivative of Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2
void CpuDevice::geglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                               float* dup) {
  const int64_t groups = (N + kLanes - 1) / kLanes;
  for_ranges(threads_, groups, N, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kLanes, last = end == groups ? N : end * kLanes;
    for_lanes(last - first, [&](int64_t i, auto lanes) {
      const Vec g = load(gate + first + i, lanes), u = load(up + first + i, lanes);
      const Vec d = load(dout + first + i, lanes), v = gelu_argument(g), e = exp_of_minus_abs(v);
      const Vec s = sigmoid(v, e), gelu = g * s;
      store(dgate + first + i, d * u * madd(gelu * sigmoid(-v, e), gelu_argument_slope(g), s), lanes);
      store(dup + first + i, d * gelu, lanes);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
