// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The outer product of each pair of rows: the gradient of a linear layer's weight at each position.
///
///   out[t, o*I + i] = delta[t,o] * act[t,i]
///
/// Shapes   act (T,I); delta (T,O); out (T,O*I).
/// Numbers  |error| <= 2^-24 * |out|.
/// Launch   tiles of 8 of the T*O rows.
/// Cost     4 T*O*I bytes written: bound by memory.
/// Source   the definition.
__global__ void row_outer_kernel(int64_t rows, int I, int O, const float* __restrict__ act,
                                 const float* __restrict__ delta, float* __restrict__ out) {
  const int64_t r = row_of_tile();
  if (r >= rows) return;
  const float factor = delta[r];
  const float* in = act + r / O * I;
  for (int i = static_cast<int>(threadIdx.x); i < I; i += kWarp) out[r * I + i] = factor * in[i];
}

}  // namespace

void CudaDevice::row_outer(int32_t T, int32_t I, int32_t O, const float* act, const float* delta, float* out) {
  const int64_t rows = int64_t{T} * O;
  if (rows > 0) COP_LAUNCH(row_outer_kernel, tile_shape(rows, stream_), rows, I, O, act, delta, out);
}

}  // namespace coppice
