// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Adds a vector to each row.
///
///   x[t,d] += bias[d]
///
/// Shapes   bias (D); x (T,D).
/// Numbers  |error| <= 2^-24 * (|x| + |bias|).
/// Launch   tiles of 8 rows.
/// Cost     8 T*D bytes: bound by memory.
/// Source   the definition.
__global__ void bias_kernel(Rows rows, int D, const float* __restrict__ bias, float* __restrict__ x) {
  const int64_t t = row_of_tile();
  if (t >= rows.T) return;
  const bool counts = t < rows.count();
  for (int d = static_cast<int>(threadIdx.x); d < D; d += kWarp) x[t * D + d] = counts ? x[t * D + d] + bias[d] : 0.0f;
}

}  // namespace

void CudaDevice::bias_forward(int32_t T, int32_t D, const float* bias, float* x) {
  if (T > 0) COP_LAUNCH(bias_kernel, tile_shape(T, stream_), rows(T), D, bias, x);
}

}  // namespace coppice
