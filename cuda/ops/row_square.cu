// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The outer product of each row with itself, as the lower triangle of a matrix.
///
///   out[t,q(i,j)] = x[t,i] * x[t,j],  i >= j,  q(i,j) = j*D - j*(j-1)/2 + i - j
///
/// Shapes   x (T,D); out (T,D*(D+1)/2).
/// Numbers  |error| <= 2^-24 * |out|.
/// Launch   tiles of 8 of the T*D columns of triangles.
/// Cost     T*D*(D+1)/2 products, 2 T*D*(D+1) bytes written: bound by memory.
/// Source   the definition.
__global__ void row_square_kernel(int64_t columns, int64_t D, const float* __restrict__ x, float* __restrict__ out) {
  const int64_t column = row_of_tile();
  if (column >= columns) return;
  const int64_t t = column / D, j = column % D;
  const float* row = x + t * D;
  const float factor = row[j];
  float* to = out + t * (D * (D + 1) / 2) + j * D - j * (j - 1) / 2 - j;
  for (int64_t i = j + threadIdx.x; i < D; i += kWarp) to[i] = factor * row[i];
}

}  // namespace

void CudaDevice::row_square(int32_t T, int32_t D, const float* x, float* out) {
  const int64_t columns = int64_t{T} * D;
  if (columns > 0) COP_LAUNCH(row_square_kernel, tile_shape(columns, stream_), columns, D, x, out);
}

}  // namespace coppice
