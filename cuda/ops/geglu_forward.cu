// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "gelu.cuh"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The gate of a feed-forward layer: out = gelu(gate) * up, in the tanh form of gelu.
///
///   out[i] = gate[i] * sigmoid(2 u) * up[i],  u = sqrt(2/pi) (gate[i] + 0.044715 gate[i]^3)
///
/// Shapes   gate, up, out (N); out may be gate.
/// Numbers  |error| <= (12 + 8 |u|) * 2^-24 * |out|, unless exp(-2|u|) is subnormal. NaN gives NaN.
/// Launch   elements.
/// Cost     12 N bytes: bound by memory.
/// Source   Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2: 0.5 x (1 + tanh u) = x sigmoid(2 u)
__global__ void geglu_kernel(int64_t N, const float* gate, const float* up, float* out) {
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = gate[i], twice = gelu_argument(g);
    out[i] = g * sigmoid(twice, exp_of_minus_abs(twice)) * up[i];
  }
}

}  // namespace

void CudaDevice::geglu_forward(int64_t N, const float* gate, const float* up, float* out) {
  if (N > 0) COP_LAUNCH(geglu_kernel, element_shape(N, stream_), N, gate, up, out);
}

}  // namespace coppice
