// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "gelu.cuh"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The gradients of geglu_forward.
///
///   dgate = dout * up * gelu'(gate),  dup = dout * gelu(gate);  gelu'(g) = s + g s (1 - s) v', s = sigmoid(v),
///   v = 2 sqrt(2/pi) (g + 0.044715 g^3)
///
/// Shapes   all (N); dgate may be gate, dup may be up.
/// Numbers  |error| <= (16 + 8 |v|) * 2^-24 * (s + |g| s (1 - s) v') |dout * up| for dgate, and that of
///          geglu_forward for dup. 1 - s is sigmoid(-v), so nothing cancels but the sum itself. NaN gives NaN.
/// Launch   elements.
/// Cost     20 N bytes: bound by memory.
/// Source   the derivative of Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2
__global__ void geglu_backward_kernel(int64_t N, const float* __restrict__ dout, const float* gate, const float* up,
                                      float* dgate, float* dup) {
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = gate[i], u = up[i], d = dout[i], v = gelu_argument(g), e = exp_of_minus_abs(v);
    const float s = sigmoid(v, e), gelu = g * s;
    dgate[i] = d * u * fmaf(gelu * sigmoid(-v, e), gelu_argument_slope(g), s);
    dup[i] = d * gelu;
  }
}

}  // namespace

void CudaDevice::geglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                                float* dup) {
  if (N > 0) COP_LAUNCH(geglu_backward_kernel, element_shape(N, stream_), N, dout, gate, up, dgate, dup);
}

}  // namespace coppice
