// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "logistic.cuh"

namespace coppice {
namespace {

/// The gradients of swiglu_forward.
///
///   dgate = dout * up * silu'(gate),  dup = dout * silu(gate);  silu'(g) = s + g * s * (1 - s), s = sigmoid(g)
///
/// Shapes   all (N); dgate may be gate, dup may be up.
/// Numbers  |error| <= 12 * 2^-24 * (s + |g| s (1 - s)) * |dout * up| for dgate, 8 * 2^-24 of dup. 1 - s is
///          sigmoid(-g), so nothing cancels but the sum itself. NaN gives NaN.
/// Launch   elements.
/// Cost     20 N bytes: bound by memory.
/// Source   the derivative of Shazeer 2020, arXiv:2002.05202, eq. (6)
__global__ void swiglu_backward_kernel(int64_t N, const float* __restrict__ dout, const float* gate, const float* up,
                                       float* dgate, float* dup) {
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = gate[i], u = up[i], d = dout[i], e = exp_of_minus_abs(g);
    const float s = sigmoid(g, e), silu = g * s;
    dgate[i] = d * u * fmaf(silu, sigmoid(-g, e), s);
    dup[i] = d * silu;
  }
}

}  // namespace

void CudaDevice::swiglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                                 float* dup) {
  if (N > 0) COP_LAUNCH(swiglu_backward_kernel, element_shape(N, stream_), N, dout, gate, up, dgate, dup);
}

}  // namespace coppice
