// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The tangent of bias_relu_forward.
///
///   y_dot[t,d] = y[t,d] > 0 ? x_dot[t,d] + bias_dot[d] : 0
///
/// Shapes   x_dot, y, y_dot (T,D), y_dot may be x_dot; bias_dot (D) or null for 0.
/// Numbers  |error| <= 2^-24 * (|x_dot| + |bias_dot|).
/// Launch   tiles of 8 rows.
/// Cost     12 T*D bytes: bound by memory.
/// Source   the definition; the derivative at 0 is 0.
__global__ void bias_relu_jvp_kernel(int64_t T, int D, const float* x_dot, const float* bias_dot, const float* y,
                                     float* y_dot) {
  const int64_t t = row_of_tile();
  if (t >= T) return;
  for (int d = static_cast<int>(threadIdx.x); d < D; d += kWarp) {
    const float tangent = x_dot[t * D + d] + (bias_dot == nullptr ? 0.0f : bias_dot[d]);
    y_dot[t * D + d] = y[t * D + d] > 0.0f ? tangent : 0.0f;
  }
}

}  // namespace

void CudaDevice::bias_relu_forward_jvp(int32_t T, int32_t D, const float* x_dot, const float* bias_dot, const float* y,
                                       float* y_dot) {
  if (T > 0) COP_LAUNCH(bias_relu_jvp_kernel, tile_shape(T, stream_), T, D, x_dot, bias_dot, y, y_dot);
}

}  // namespace coppice
