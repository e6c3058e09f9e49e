// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The rectified sum of each row and one vector.
///
///   y[t,d] = max(x[t,d] + bias[d], 0)
///
/// Shapes   x, y (T,D), y may be x; bias (D) or null for 0.
/// Numbers  |error| <= 2^-24 * (|x| + |bias|); NaN stays NaN.
/// Launch   tiles of 8 rows.
/// Cost     8 T*D bytes: bound by memory.
/// Source   the definition.
__global__ void bias_relu_kernel(Rows rows, int D, const float* x, const float* bias, float* y) {
  const int64_t t = row_of_tile();
  if (t >= rows.T) return;
  const bool counts = t < rows.count();
  for (int d = static_cast<int>(threadIdx.x); d < D; d += kWarp) {
    const float sum = counts ? x[t * D + d] + (bias == nullptr ? 0.0f : bias[d]) : 0.0f;
    y[t * D + d] = sum <= 0.0f ? 0.0f : sum;
  }
}

}  // namespace

void CudaDevice::bias_relu_forward(int32_t T, int32_t D, const float* x, const float* bias, float* y) {
  if (T > 0) COP_LAUNCH(bias_relu_kernel, tile_shape(T, stream_), rows(T), D, x, bias, y);
}

}  // namespace coppice
