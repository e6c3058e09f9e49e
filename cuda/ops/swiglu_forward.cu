// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "logistic.cuh"

namespace coppice {
namespace {

/// The gate of a feed-forward layer: out = silu(gate) * up.
///
///   out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
///
/// Shapes   gate, up, out (N); out may be gate.
/// Numbers  |error| <= 8 * 2^-24 * |out|, unless exp(-|gate|) is subnormal. NaN gives NaN.
/// Launch   elements.
/// Cost     12 N bytes: bound by memory.
/// Source   Shazeer 2020, arXiv:2002.05202, eq. (6)
__global__ void swiglu_kernel(int64_t N, const float* gate, const float* up, float* out) {
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = gate[i];
    out[i] = g * sigmoid(g, exp_of_minus_abs(g)) * up[i];
  }
}

}  // namespace

void CudaDevice::swiglu_forward(int64_t N, const float* gate, const float* up, float* out) {
  if (N > 0) COP_LAUNCH(swiglu_kernel, element_shape(N, stream_), N, gate, up, out);
}

}  // namespace coppice
