// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "grad_tile.cuh"

namespace coppice {
namespace {

/// The squared norm of each sample's weight gradient of a linear layer; the gradient is never stored.
///
///   out[b] = sum_{o,i} g[b,o,i]^2,   g[b,o,i] = sum_{t in b} delta[t,o] * act[t,i]
///
/// Shapes   offsets (B+1) I32; act (T,I) layer input; delta (T,O) loss gradient at the layer's output; out (B).
/// Units    (loss / weight)^2; the caller takes the root.
/// Numbers  each g is one chain in the order of positions; then the squares of a tile, then the tiles by
///          tile_sums_kernel: |error| <= (2 n + O*I/32768 + 24) * 2^-24 * out(|act|,|delta|) for n positions. A sample
///          without positions gives 0. NaN in gives NaN out. Nothing depends on the grid or on other samples.
/// Launch   a block for each sample and tile of 32 x 32, so that one large sample still fills the device.
/// Cost     T*O*I multiply-adds; 2 T*O*I/32 floats read. The ghost norm needs n^2*(O+I)/2 a sample and cancels.
/// Source   the definition; ghost norm: Goodfellow, arXiv:1510.01799; choice between them: arXiv:2205.10683.
__global__ void sample_tiles_kernel(int I, int O, const int32_t* __restrict__ offsets, const float* __restrict__ act,
                                    const float* __restrict__ delta, float* __restrict__ squares) {
  const unsigned tiles = static_cast<unsigned>(grad_tiles(I, O));
  const int64_t b = blockIdx.x / tiles;
  const GradTile tile(I, O, static_cast<int>(blockIdx.x % tiles));
  float g[kTileElements], sum = 0.0f;
  tile.sum_rows(offsets[b], offsets[b + 1], act, delta, g);
  tile.for_inside([&](int r, int64_t) { sum = fmaf(g[r], g[r], sum); });
  GPU_SHARED(float, parts, [kTileThreads]);
  sum = warp_sum(sum);
  if (threadIdx.x == 0) parts[threadIdx.y] = sum;
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    float total = parts[0];
    for (int r = 1; r < kTileThreads; ++r) total += parts[r];
    squares[blockIdx.x] = total;
  }
}

// out[b] = the sum of the sample's tiles: 32 chains and a tree
__global__ void tile_sums_kernel(int64_t B, int tiles, const float* __restrict__ squares, float* __restrict__ out) {
  const int64_t b = row_of_warp();
  if (b < B) {
    float sum = 0.0f;
    for (int i = lane_of_thread(); i < tiles; i += kWarp) sum += squares[b * tiles + i];
    sum = warp_sum(sum);
    if (lane_of_thread() == 0) out[b] = sum;
  }
}

}  // namespace

void CudaDevice::linear_grad_sqnorm(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                    const float* delta, float* out) {
  if (B == 0) return;
  const int64_t tiles = grad_tiles(I, O);
  if (tiles == 0) return fill(out, 0.0f, B);
  float* squares = scratch(B * tiles);
  COP_LAUNCH(sample_tiles_kernel, grad_tile_shape(B * tiles, stream_), I, O, offsets, act, delta, squares);
  COP_LAUNCH(tile_sums_kernel, row_shape(B, stream_), B, static_cast<int>(tiles), squares, out);
}

}  // namespace coppice
